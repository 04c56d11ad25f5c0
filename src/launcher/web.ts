import type { WebappConfig } from '../config/types';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { PrometheusMetrics } from '../runtime/metrics/prometheus';
import type { Scope } from '../runtime/scope';
import type { Store } from '../store/api';
import { launcherRoutes } from '../web/launcher-routes';
import { metricsRoute } from '../web/metrics-route';
import { SeenTree } from '../web/seen-tree';
import { startWeb } from '../web/server';

/**
 * Serves the status pages (webapp.md) until `scope` closes; before ZooKeeper is there too, saying so. Rejects with a
 * WebListenError. Call what it returns when the launcher runs: from then on it may be called ready.
 */
export async function startLauncherWeb(
  scope: Scope,
  webapp: WebappConfig,
  store: Store,
  tools: { readonly clock: Clock; readonly log: Logger; readonly version: string; readonly drain: AbortSignal },
  metrics?: PrometheusMetrics,
): Promise<() => void> {
  const { clock, log, version, drain } = tools;
  const { port, listenAddress, corsOrigin } = webapp;
  let isRunning = false;
  const phase = () => (drain.aborted ? 'stopping' : isRunning ? 'running' : 'starting');
  const tree = scope.own(new SeenTree(store), (it) => it.close());
  const routes = launcherRoutes(tree, { version, phase, clock });
  if (metrics !== undefined) routes.push(metricsRoute(metrics));
  const server = scope.own(await startWeb({ port, listenAddress, routes, corsOrigin }, tools), (it) => it.close());
  log.info('status pages are served', { url: server.url });
  return () => {
    isRunning = true;
  };
}
