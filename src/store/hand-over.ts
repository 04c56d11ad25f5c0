import type { Op, Stat } from '../zk/client';
import type { ZkError } from '../zk/errors';
import { isZkError } from '../zk/errors';
import { ClaimLostError } from './api';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

/** A record under a claim, and what is to become of it. */
export interface FinalWrite {
  readonly path: string;
  readonly contender: string;
  readonly data: Buffer;
  readonly version: number;
}

/**
 * Writes several claimed records and gives up their locks, all in one transaction: nobody sees some of it, and no record
 * written but still locked. The order of steps is that of `writes`, so what must come last for others goes last. Stats of
 * the records in the same order, undefined where others wrote since. Throws a ClaimLostError that names the record; then nothing was written.
 */
export async function writeAndUnlock(
  parts: StoreParts,
  writes: readonly FinalWrite[],
): Promise<readonly (Stat | undefined)[]> {
  const ops = writes.flatMap(({ path, data, version, contender }): Op[] => [
    { op: 'set', path, data, version },
    { op: 'delete', path: contender },
  ]);
  const attempt = async (unsure: boolean): Promise<readonly (Stat | undefined)[]> => {
    try {
      const results = await parts.zk.transaction(ops);
      return results.flatMap((it) => (it.op === 'set' ? [it.stat] : []));
    } catch (error) {
      if (!isZkError(error, 'NO_NODE', 'BAD_VERSION')) throw error;
      const done = unsure ? await findDone(parts, writes) : undefined;
      if (done !== undefined) return done;
      throw lost(error, writes);
    }
  };
  try {
    return await untilKnown(parts, attempt, { sessionBound: true });
  } catch (error) {
    if (!isZkError(error, 'SESSION_EXPIRED', 'SESSION_CLOSED')) throw error;
    throw new ClaimLostError(writes[0]?.path ?? '', 'lock-gone', { cause: error });
  }
}

/**
 * Stats of the records if it was this transaction that wrote them, as one that still says what we wrote proves. Others may
 * have been changed, or removed, since.
 */
async function findDone(
  parts: StoreParts,
  writes: readonly FinalWrite[],
): Promise<readonly (Stat | undefined)[] | undefined> {
  const stats: (Stat | undefined)[] = [];
  for (const { path, data, version } of writes) {
    await parts.zk.sync(path);
    const found = await parts.zk.get(path).catch((error: unknown) => {
      if (isZkError(error, 'NO_NODE')) return undefined;
      throw error;
    });
    stats.push(found?.stat.version === version + 1 && found.data.equals(data) ? found.stat : undefined);
  }
  return stats.some((it) => it !== undefined) ? stats : undefined;
}

function lost(error: ZkError, writes: readonly FinalWrite[]): ClaimLostError {
  const { failedOp = 0 } = error;
  const path = writes[Math.floor(failedOp / 2)]?.path ?? '';
  if (failedOp % 2 === 1) return new ClaimLostError(path, 'lock-gone', { cause: error });
  return new ClaimLostError(path, error.code === 'NO_NODE' ? 'record-gone' : 'record-changed', { cause: error });
}
