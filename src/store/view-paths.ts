import { IMAGES, NODES, REQUEST_LOCKS, REQUESTS } from '../model/paths';
import type { Snapshot } from './snapshot';

/**
 * What views need read: records, and where the time of a znode matters. Of all else, lock contenders above all, it is
 * enough to know that it is there, which events say without a read.
 */
type Needed = 'data' | 'presence';

/** Nodes; not their lock directories and contenders. */
export function keepNodes(path: string): Needed {
  return path.indexOf('/', NODES.length + 1) === -1 ? 'data' : 'presence';
}

/** Lock directories and contenders of requests: that they are there says it all. */
export function keepRequestLocks(): Needed {
  return 'presence';
}

/** Images and all their flags and records; build locks for their age; no other locks and no contenders. */
export function keepImages(path: string): Needed {
  const [, second, third, fourth, , sixth, ...more] = path.slice(IMAGES.length + 1).split('/');
  if (second === undefined || third === undefined) return 'data'; // image, builds, flags
  if (fourth === undefined) return 'data'; // build, or the image's build lock
  if (sixth === undefined || more.length > 1) return 'presence'; // directories and locks
  return more[0] !== undefined && more[0] !== 'lock' ? 'data' : 'presence';
}

/** Whether somebody contends for the lock of the node at `path`. */
export function isNodeLocked(path: string, nodes: Snapshot): boolean {
  return nodes.children(`${path}/lock`).length > 0;
}

/** Whether somebody contends for the lock of the request at `path`. */
export function isRequestLocked(path: string, locks: Snapshot): boolean {
  return locks.children(REQUEST_LOCKS + path.slice(REQUESTS.length)).length > 0;
}
