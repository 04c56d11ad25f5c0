import type { Json } from './json';
import { RecordError } from './record-error';

/** A job whose nodes are held when it fails (cli.md 10.2), as `/nodepool/jobs/<id>`. */
export interface HoldJob {
  readonly name: string;
  /** How many nodes may be held at a time. */
  readonly holdOnFailure: number;
  /** Nodes that are held for it, or about to be. */
  readonly held: readonly string[];
  /** Written by nobody else: tells one's own record after a lost answer. */
  readonly mark: string;
}

/** Throws a RecordError. */
export function parseHoldJob(data: Buffer): HoldJob {
  let json: Json;
  try {
    json = JSON.parse(data.toString('utf8')) as Json;
  } catch (error) {
    throw new RecordError('a job is not JSON', { cause: error });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new RecordError('a job is not an object');
  const { name, hold_on_failure: count, held, mark } = json as { readonly [key: string]: Json };
  if (typeof name !== 'string') throw new RecordError('name of a job is not a text');
  return {
    name,
    holdOnFailure: typeof count === 'number' ? count : 0,
    held: Array.isArray(held) ? held.filter((it) => typeof it === 'string') : [],
    mark: typeof mark === 'string' ? mark : '',
  };
}

export function printHoldJob({ name, holdOnFailure, held, mark }: HoldJob): Buffer {
  return Buffer.from(JSON.stringify({ name, hold_on_failure: holdOnFailure, held, mark }));
}
