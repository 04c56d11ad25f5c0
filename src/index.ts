/** What the package exports: the scheduler library and the types it speaks. */
export { type Json, RawJson } from './model/json';
export type { Node, NodeRequest, NodeState, RequestState } from './model/records';
export type { Logger } from './runtime/log';
export { openScheduler, type OpenSchedulerOptions } from './scheduler/open-scheduler';
export {
  type AcceptedNode,
  connectScheduler,
  type HoldOptions,
  NodeSet,
  NodesUnavailableError,
  type OwnRequest,
  type RequestOutcome,
  type Scheduler,
  type SchedulerOptions,
  type Submission,
  type SubmittedRequest,
  type WorkResult,
} from './scheduler/scheduler';
export { ClaimLostError, type Store } from './store/api';
export { openZooKeeper, type OpenZooKeeperOptions, TlsFileError, type TlsPaths } from './store/open-zookeeper';
export { openStore } from './store/store';
export type { ZooKeeper } from './zk/client';
