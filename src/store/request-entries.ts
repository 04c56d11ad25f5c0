import { requestLock, requestPath } from '../model/paths';
import { parseRequest } from '../model/request-record';
import type { RequestEntry } from './api';
import { toEntry } from './entries';
import type { Snapshot } from './snapshot';

export interface RequestLockEntry {
  readonly contended: boolean;
}

/** A request as seen in `requests` and `locks`; `before` itself if nothing about it changed. */
export function requestEntry(
  requests: Snapshot,
  locks: Snapshot,
  id: string,
  before: RequestEntry | undefined,
): RequestEntry | undefined {
  const found = requests.get(requestPath(id));
  if (found === undefined) return undefined;
  const locked = locks.children(requestLock(id)).length > 0;
  if (before?.mzxid === found.stat.mzxid && before.locked === locked) return before;
  return { id, locked, ephemeral: found.stat.ephemeralOwner !== 0n, ...toEntry(found, parseRequest, before) };
}

/** A lock directory below `requests-lock`, whether its request lives or not. */
export function requestLockEntry(
  locks: Snapshot,
  id: string,
  before: RequestLockEntry | undefined,
): RequestLockEntry | undefined {
  if (locks.get(requestLock(id)) === undefined) return undefined;
  const contended = locks.children(requestLock(id)).length > 0;
  return before?.contended === contended ? before : { contended };
}
