import type { ImageWait } from '../model/image-waits';
import type { BuildKey } from '../model/paths';
import type { PrometheusMetrics } from '../runtime/metrics/prometheus';
import type { Scope } from '../runtime/scope';
import { BUILDER_PARTS, builderRoutes } from '../web/builder-routes';
import { secretValues } from '../web/mask-bytes';
import { metricsRoute } from '../web/metrics-route';
import { publicUrl } from '../web/public-url';
import { SeenTree } from '../web/seen-tree';
import { startWeb } from '../web/server';
import { buildLogs, type BuilderContext } from './context';

export interface BuilderWeb {
  /** As others reach it. */
  readonly url: string;
  /** From now on the builder may be called ready. */
  running(): void;
}

/**
 * Serves health, images and build logs until `scope` closes, if the configuration says where (`webapp: builder_port`). Rejects
 * with a WebListenError.
 */
export async function startBuilderWeb(
  scope: Scope,
  context: BuilderContext,
  about: {
    readonly version: string | null;
    readonly drain: AbortSignal;
    readonly configProblem?: (() => string | undefined) | undefined;
    readonly waits: () => readonly ImageWait[];
  },
  metrics?: PrometheusMetrics,
): Promise<BuilderWeb | undefined> {
  const { listenAddress, builderPort, corsOrigins } = context.config().webapp;
  if (builderPort === undefined) return undefined;
  const { tools, identity } = context;
  let isRunning = false;
  const phase = () => (about.drain.aborted ? 'stopping' : isRunning ? 'running' : 'starting');
  const tree = scope.own(new SeenTree(context.store, BUILDER_PARTS), (it) => it.close());
  const logs = {
    builderId: identity.id,
    file: (build: BuildKey) => buildLogs(context.config()).file(build),
    secretsOf: () => secretsOfBuilds(context),
  };
  const routes = builderRoutes(tree, { ...about, phase, logs, clock: tools.clock });
  if (metrics !== undefined) routes.push(metricsRoute(metrics));
  const options = { port: builderPort, listenAddress, routes, corsOrigins };
  const server = scope.own(await startWeb(options, tools), (it) => it.close());
  const url = publicUrl(listenAddress, server.port, identity.fqdn);
  tools.log.info('build logs are served', { url });
  return {
    url,
    running: () => {
      isRunning = true;
    },
  };
}

/** What a tool that traces its commands may have written: the environment of any image, and our own, which it inherits. */
function secretsOfBuilds(context: BuilderContext): readonly string[] {
  const inherited = Object.entries(context.tools.env).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  const images = [...context.config().diskImages.values()].flatMap((it) => secretValues(it.envVars));
  return [...secretValues(Object.fromEntries(inherited)), ...images];
}
