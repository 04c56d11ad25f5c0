import type { Clock } from '../runtime/clock';
import type { ZooKeeper } from './client';
import { type ErrorName, ZkError } from './errors';

/** The requests of a client by name. */
export type RequestName =
  | 'create'
  | 'get'
  | 'exists'
  | 'children'
  | 'set'
  | 'delete'
  | 'transaction'
  | 'multiRead'
  | 'sync'
  | 'addWatch'
  | 'countDescendants'
  | 'ephemerals'
  | 'getAcl'
  | 'setAcl';

/** One finished request. */
export interface ObservedRequest {
  readonly request: RequestName;
  readonly ms: number;
  /** `ABORTED`: the caller gave up; `ERROR`: something that is no answer of ZooKeeper. */
  readonly outcome: 'OK' | 'ABORTED' | 'ERROR' | ErrorName;
}

export interface ObservedZooKeeper extends ZooKeeper {
  /** Requests that have not been answered yet. */
  readonly pending: number;
}

/** The same client, telling of every request when it ends. */
export function observedZooKeeper(
  zk: ZooKeeper,
  clock: Clock,
  onRequest: (request: ObservedRequest) => void,
): ObservedZooKeeper {
  let pending = 0;
  const timed = async <T>(request: RequestName, work: () => Promise<T>): Promise<T> => {
    const began = clock.monotonic();
    let outcome: ObservedRequest['outcome'] = 'OK';
    pending += 1;
    try {
      return await work();
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      pending -= 1;
      onRequest({ request, outcome, ms: clock.monotonic() - began });
    }
  };
  return {
    get pending() {
      return pending;
    },
    get state() {
      return zk.state;
    },
    get session() {
      return zk.session;
    },
    connected: (signal) => zk.connected(signal),
    onState: (listener) => zk.onState(listener),
    create: (path, data, options) => timed('create', () => zk.create(path, data, options)),
    get: (path, options) => timed('get', () => zk.get(path, options)),
    exists: (path, options) => timed('exists', () => zk.exists(path, options)),
    children: (path, options) => timed('children', () => zk.children(path, options)),
    set: (path, data, version, options) => timed('set', () => zk.set(path, data, version, options)),
    delete: (path, version, options) => timed('delete', () => zk.delete(path, version, options)),
    transaction: (ops, options) => timed('transaction', () => zk.transaction(ops, options)),
    multiRead: (ops, options) => timed('multiRead', () => zk.multiRead(ops, options)),
    sync: (path, options) => timed('sync', () => zk.sync(path, options)),
    addWatch: (path, mode, watcher, options) => timed('addWatch', () => zk.addWatch(path, mode, watcher, options)),
    removeWatcher: (path, watcher) => zk.removeWatcher(path, watcher),
    countDescendants: (path, options) => timed('countDescendants', () => zk.countDescendants(path, options)),
    ephemerals: (prefix, options) => timed('ephemerals', () => zk.ephemerals(prefix, options)),
    getAcl: (path, options) => timed('getAcl', () => zk.getAcl(path, options)),
    setAcl: (path, acl, version, options) => timed('setAcl', () => zk.setAcl(path, acl, version, options)),
    addAuth: (scheme, auth) => zk.addAuth(scheme, auth),
    updateServers: (hosts) => zk.updateServers(hosts),
    close: () => zk.close(),
  };
}

function outcomeOf(error: unknown): ObservedRequest['outcome'] {
  if (error instanceof ZkError) return error.code;
  return error instanceof Error && error.name === 'AbortError' ? 'ABORTED' : 'ERROR';
}
