import { RecordError } from '../model/record-error';
import type { NodeData } from '../zk/client';
import type { Entry, Stored } from './api';

/** Of model's codecs; the time is used for records that have none. */
export type Parse<T> = (data: Buffer, unsetTime?: number) => T;
export type Print<T> = (record: T) => Buffer;

/** A record with what is needed to write it back. Throws a RecordError if it cannot be parsed, which names `what` it is. */
export function toStored<T>(found: NodeData, parse: Parse<T>, what = 'record'): Stored<T> {
  const { version, mzxid, ctime, mtime } = found.stat;
  const changedAt = mtime / 1000;
  const { record, broken } = tryParse(found.data, parse, changedAt);
  if (record === undefined) throw new RecordError(`${what} cannot be read: ${broken}`);
  return { record, version, mzxid, createdAt: ctime / 1000, changedAt };
}

/**
 * The entry of a view. What was parsed before is kept while the data are the same, so that entries are as cheap to
 * rebuild as to compare.
 */
export function toEntry<T>(found: NodeData, parse: Parse<T>, before: Entry<T> | undefined): Entry<T> {
  const { version, mzxid, ctime, mtime } = found.stat;
  if (before?.mzxid === mzxid) {
    const { record, broken, createdAt, changedAt } = before;
    return { record, broken, version, mzxid, createdAt, changedAt };
  }
  const changedAt = mtime / 1000;
  const { record, broken } = tryParse(found.data, parse, changedAt);
  return { record, broken, version, mzxid, createdAt: ctime / 1000, changedAt };
}

function tryParse<T>(
  data: Buffer,
  parse: Parse<T>,
  changedAt: number,
): { record: T | undefined; broken: string | undefined } {
  try {
    return { record: parse(data, changedAt), broken: undefined };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return { record: undefined, broken: error.message };
  }
}
