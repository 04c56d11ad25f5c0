import type { Clock } from '../runtime/clock';
import type { Route } from './answer';
import { jsonAnswer, problem, TEXT_TYPE } from './answers';
import { Rendering } from './rendering';
import type { Part, SeenTree, Sight } from './seen-tree';

export interface HealthFacts {
  readonly program: 'launcher' | 'builder';
  readonly version: string | null;
  readonly phase: () => Phase;
  /** Why an older configuration than that of the files is in force; undefined if none is. */
  readonly configProblem?: (() => string | undefined) | undefined;
  /** Whether those with a token may change things here. Default: nobody may. */
  readonly takesTokens?: boolean;
}

/** `running`: the launcher has registered all pools, the builder itself; `stopping`: nothing new is begun. */
export type Phase = 'starting' | 'running' | 'stopping';

/**
 * `/ready`: whether work gets done here, for probes that send traffic or wait in a roll-out; turns back when ZooKeeper is
 * lost. `/health`: whether the process is alive, which it is as long as it can say so, and how it stands; for probes that
 * restart, which must not happen for ZooKeeper's sake.
 */
export function healthRoutes(tree: SeenTree, facts: HealthFacts, clock: Clock): Route[] {
  const startedAt = clock.monotonic();
  return [
    {
      path: '/ready',
      methods: ['GET', 'HEAD', 'POST'],
      handle: () => {
        const missing = whatIsMissing(tree, facts);
        if (missing !== undefined) return problem(503, 'not-ready', missing, { 'Retry-After': '1' });
        const rendering = new Rendering('OK', Math.floor(clock.wall() / 1000));
        return { kind: 'body', status: 200, type: TEXT_TYPE, rendering, cached: true };
      },
    },
    {
      path: '/health',
      handle: () => {
        const missing = whatIsMissing(tree, facts);
        return jsonAnswer(200, {
          program: facts.program,
          version: facts.version,
          ready: missing === undefined,
          reason: missing ?? null,
          config_error: facts.configProblem?.() ?? null,
          zookeeper: tree.store.zk.state,
          views: Object.fromEntries(tree.parts.map((it): [Part, Sight] => [it, tree.sight(it)])),
          changes: facts.takesTokens === true ? 'with a token' : 'refused',
          uptime_seconds: Math.floor((clock.monotonic() - startedAt) / 1000),
        });
      },
    },
  ];
}

/** Why the program is not ready; undefined if it is. */
function whatIsMissing(tree: SeenTree, facts: HealthFacts): string | undefined {
  const { state } = tree.store.zk;
  if (state !== 'connected') return `ZooKeeper is ${state}`;
  const blind = tree.parts.filter((it) => tree.sight(it) !== 'fresh');
  if (blind.length > 0) return `not read from ZooKeeper: ${blind.join(', ')}`;
  const phase = facts.phase();
  return phase === 'running' ? undefined : `the ${facts.program} is ${phase}`;
}
