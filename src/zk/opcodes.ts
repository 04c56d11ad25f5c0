/** Numbers of the wire (zookeeper-client 6). */
export const OPCODE = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  removeWatches: 18,
  createContainer: 19,
  createTtl: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  closeSession: -11,
  error: -1,
} as const;

/** xids that are not requests of ours; ordinary ones run from 1 and wrap to 1. */
export const XID = { event: -1, ping: -2, auth: -4, setWatches: -8 } as const;

/** The last ordinary xid before the wrap. */
export const LAST_XID = 2 ** 31 - 2;

/** What `removeWatches` may name. 'any' also drops one-shot watches of this connection on the path. */
export const WATCH_KIND = { children: 1, data: 2, any: 3 } as const;
