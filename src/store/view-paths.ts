import { IMAGES, NODES, REQUEST_LOCKS } from '../model/paths';

/**
 * What views need read: records, and where the time of a znode matters. Of all else, lock contenders above all, it is
 * enough to know that it is there, which events say without a read.
 */
type Needed = 'data' | 'presence';

/** Nodes; not their lock directories and contenders. */
export function keepNodes(path: string): Needed {
  return path.indexOf('/', NODES.length + 1) === -1 ? 'data' : 'presence';
}

/** Lock directories, for their age; not the contenders. */
export function keepRequestLocks(path: string): Needed {
  return path.indexOf('/', REQUEST_LOCKS.length + 1) === -1 ? 'data' : 'presence';
}

/** Images and all their flags and records; build locks for their age; no other locks and no contenders. */
export function keepImages(path: string): Needed {
  const [, second, third, fourth, , sixth, ...more] = path.slice(IMAGES.length + 1).split('/');
  if (second === undefined || third === undefined) return 'data'; // image, builds, flags
  if (fourth === undefined) return 'data'; // build, or the image's build lock
  if (sixth === undefined || more.length > 1) return 'presence'; // directories and locks
  return more[0] !== undefined && more[0] !== 'lock' ? 'data' : 'presence';
}
