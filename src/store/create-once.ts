import { sequenceOf } from '../model/ids';
import type { CreateMode, NodeData, Op, Stat } from '../zk/client';
import { isZkError } from '../zk/errors';
import { listIfThere, makePath } from './guarded';
import type { StoreParts } from './parts';
import { type RepeatOptions, untilKnown } from './repeat';

export interface SequentialCreate {
  readonly dir: string;
  /** What the name begins with; may be empty. */
  readonly prefix: string;
  readonly data: Buffer;
  readonly mode: CreateMode;
  /** Whether a znode of the directory is the one that this very call made: by something in it that nobody else writes. */
  isOwn(path: string, found: NodeData): boolean;
  /** Steps of the same transaction; the znode appears only if they hold. */
  readonly extra?: readonly Op[];
  /** Whether a missing directory is made. */
  readonly makesParents: boolean;
}

export interface Created {
  readonly path: string;
  /** Unknown where the server does not say. */
  readonly stat: Stat | undefined;
}

/** Znodes read at once while looking for our own. */
const SEARCH_BATCH = 50;

/**
 * A sequential znode, made exactly once. The names are fixed by the tree (zk-tree 2), so there is no room for the hex
 * prefix by which locks find their own again; after a lost answer the newest znodes are searched for our content instead.
 */
export function createOnce(parts: StoreParts, request: SequentialCreate, options: RepeatOptions): Promise<Created> {
  const attempt = async (unsure: boolean): Promise<Created> => {
    const own = unsure ? await findCreated(parts, request) : undefined;
    if (own !== undefined) return own;
    try {
      return await create(parts, request);
    } catch (error) {
      if (!request.makesParents || !(await isDirMissing(parts, request, error))) throw error;
      await makePath(parts, request.dir);
      return attempt(false);
    }
  };
  return untilKnown(parts, attempt, options);
}

/** NO_NODE may also come from one of the extra steps; then the directory is there, and the error is the caller's. */
async function isDirMissing(parts: StoreParts, { dir, extra }: SequentialCreate, error: unknown): Promise<boolean> {
  if (!isZkError(error, 'NO_NODE')) return false;
  return (extra ?? []).length === 0 || (await parts.zk.exists(dir)) === undefined; // another may have made it meanwhile
}

async function create({ zk }: StoreParts, request: SequentialCreate): Promise<Created> {
  const path = `${request.dir}/${request.prefix}`;
  const { data, mode, extra = [] } = request;
  if (extra.length === 0) return zk.create(path, data, { mode });
  const results = await zk.transaction([...extra, { op: 'create', path, data, mode }]);
  const made = results.at(-1);
  if (made?.op !== 'create') throw new Error('a transaction answered something else than it was asked');
  return { path: made.path, stat: made.stat };
}

/** The znode that an earlier try made, if any. */
export async function findCreated({ zk }: StoreParts, request: SequentialCreate): Promise<Created | undefined> {
  await zk.sync(request.dir);
  const newestFirst = [...(await listIfThere(zk, request.dir))]
    .filter((it) => it.startsWith(request.prefix) && sequenceOf(it) !== undefined)
    .sort((one, other) => (one.slice(-10) < other.slice(-10) ? 1 : -1))
    .map((it) => `${request.dir}/${it}`);
  for (let start = 0; start < newestFirst.length; start += SEARCH_BATCH) {
    const paths = newestFirst.slice(start, start + SEARCH_BATCH);
    const results = await zk.multiRead(paths.map((path) => ({ op: 'get', path })));
    for (const [index, result] of results.entries()) {
      const path = paths[index]!;
      if (result.op === 'get' && request.isOwn(path, result)) return { path, stat: result.stat };
    }
  }
  return undefined;
}
