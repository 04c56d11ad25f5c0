import type { ZooKeeper } from './client';

/** An object that does nothing but ask `zk`: to be changed in part. */
export function forwarding(zk: ZooKeeper): ZooKeeper {
  return {
    get state() {
      return zk.state;
    },
    get session() {
      return zk.session;
    },
    connected: (signal) => zk.connected(signal),
    onState: (listener) => zk.onState(listener),
    create: (path, data, options) => zk.create(path, data, options),
    get: (path, options) => zk.get(path, options),
    exists: (path, options) => zk.exists(path, options),
    children: (path, options) => zk.children(path, options),
    set: (path, data, version, options) => zk.set(path, data, version, options),
    delete: (path, version, options) => zk.delete(path, version, options),
    transaction: (ops, options) => zk.transaction(ops, options),
    multiRead: (ops, options) => zk.multiRead(ops, options),
    sync: (path, options) => zk.sync(path, options),
    addWatch: (path, mode, watcher, options) => zk.addWatch(path, mode, watcher, options),
    removeWatcher: (path, watcher) => zk.removeWatcher(path, watcher),
    countDescendants: (path, options) => zk.countDescendants(path, options),
    ephemerals: (prefix, options) => zk.ephemerals(prefix, options),
    getAcl: (path, options) => zk.getAcl(path, options),
    setAcl: (path, acl, version, options) => zk.setAcl(path, acl, version, options),
    addAuth: (scheme, auth) => zk.addAuth(scheme, auth),
    updateServers: (hosts) => zk.updateServers(hosts),
    close: () => zk.close(),
  };
}
