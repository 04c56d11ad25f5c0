import type { PoolConfig } from '../config/types';
import type { World } from './world';
import type { Resources } from '../model/records';
import type { DecisionOrder } from './decision-order';
import type { HeldNode } from './held-node';
import type { LaunchOutcome } from './launch-node';
import type { NodeCreator } from './node-creator';
import type { ProviderRuntime } from './provider-runtime';
import type { LauncherTools } from './tools';

/** What a request sees of the pool that serves it. `runtime` and `config` change when the file does. */
export interface PoolContext {
  /** Id of the pool component: in `declined_by`, and `launcher` of nodes. */
  readonly id: string;
  readonly runtime: ProviderRuntime;
  readonly config: PoolConfig;
  readonly world: World;
  readonly tools: LauncherTools;
  /** Creates nodes, together with those of other pools. */
  readonly creator: NodeCreator;
  /** For what other launchers decide on as well. */
  readonly order: DecisionOrder;
  readonly tenantLimits: () => ReadonlyMap<string, Resources>;
  /** Aborts when the launcher has to go at once. */
  readonly now: AbortSignal;
  /** Something has changed that the pool decides on. */
  nudge(): void;
  /** The cloud refused for lack of room: wait a little before the next try. */
  noCapacity(): void;
  /** A node still on its way that its request gives up: it is finished and left free for others. */
  adopt(node: HeldNode, done: Promise<LaunchOutcome>): void;
}
