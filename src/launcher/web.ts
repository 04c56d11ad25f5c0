import type { Config } from '../config/types';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { PrometheusMetrics } from '../runtime/metrics/prometheus';
import type { Random } from '../runtime/random';
import type { Scope } from '../runtime/scope';
import type { Store } from '../store/api';
import type { ConfiguredImage } from '../web/admin-calls';
import { AdminTokens, TokenFileError } from '../web/admin-tokens';
import { launcherRoutes } from '../web/launcher-routes';
import { metricsRoute } from '../web/metrics-route';
import { SeenTree } from '../web/seen-tree';
import { startWeb } from '../web/server';

export interface LauncherWebTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly version: string;
  readonly drain: AbortSignal;
  /** What is wrong with the configuration in the files. */
  readonly configProblem?: () => string | undefined;
}

/**
 * Serves the status pages (webapp.md) until `scope` closes; before ZooKeeper is there too, saying so. Rejects with a
 * WebListenError. Call what it returns when the launcher runs: from then on it may be called ready. Of `config` what is
 * about the server is read now, images whenever somebody has one built.
 */
export async function startLauncherWeb(
  scope: Scope,
  config: () => Config,
  store: Store,
  tools: LauncherWebTools,
  metrics?: PrometheusMetrics,
): Promise<() => void> {
  const { log, drain } = tools;
  const { port, listenAddress, corsOrigins, adminTokenFile } = config().webapp;
  let isRunning = false;
  const phase = () => (drain.aborted ? 'stopping' : isRunning ? 'running' : 'starting');
  const tree = scope.own(new SeenTree(store), (it) => it.close());
  const tokens = adminTokenFile === undefined ? undefined : await openTokens(adminTokenFile, log);
  const admin = tokens && { tokens, images: () => configuredImages(config()) };
  const routes = launcherRoutes(tree, { ...tools, phase, admin });
  if (metrics !== undefined) routes.push(metricsRoute(metrics));
  const server = scope.own(await startWeb({ port, listenAddress, routes, corsOrigins }, tools), (it) => it.close());
  log.info('status pages are served', { url: server.url, changes: admin === undefined ? 'refused' : 'with a token' });
  return () => {
    isRunning = true;
  };
}

/** A file that cannot be used lets nobody in and stops nothing: it is looked at again when somebody comes. */
async function openTokens(file: string, log: Logger): Promise<AdminTokens> {
  const tokens = new AdminTokens(file);
  try {
    await tokens.check();
  } catch (error) {
    if (!(error instanceof TokenFileError)) throw error;
    log.error('admin tokens cannot be used', { why: error.message });
  }
  return tokens;
}

function configuredImages({ diskImages, providers }: Config): ReadonlyMap<string, ConfiguredImage> {
  return new Map(
    [...diskImages].map(([image, { pause }]) => {
      const users = [...providers.values()].filter((it) => it.diskImages.get(image)?.pause === false);
      return [image, { pause, providers: users.map((it) => it.name) }];
    }),
  );
}
