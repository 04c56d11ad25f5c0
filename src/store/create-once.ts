import { sequenceOf } from '../model/ids';
import type { CreateMode, NodeData, Op, Stat } from '../zk/client';
import { isZkError } from '../zk/errors';
import { listIfThere, makePath } from './guarded';
import type { StoreParts } from './parts';
import { type RepeatOptions, untilKnown } from './repeat';

interface SequentialName {
  readonly dir: string;
  /** What the name begins with; may be empty. */
  readonly prefix: string;
  readonly mode: CreateMode;
  /** Steps of the same transaction, before the creates; the znode appears only if they hold. */
  readonly extra?: readonly Op[];
  /** Whether a missing directory is made. */
  readonly makesParents: boolean;
}

export interface SequentialCreate extends SequentialName {
  readonly data: Buffer;
  /** Whether a znode of the directory is the one that this very call made: by something in it that nobody else writes. */
  isOwn(path: string, found: NodeData): boolean;
}

/** Several at once, in one transaction. */
export interface SequentialCreates extends SequentialName {
  readonly data: readonly Buffer[];
  /** Which of them a znode of the directory is, by something in it that nobody else writes. */
  ownIndex(path: string, found: NodeData): number | undefined;
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
export async function createOnce(
  parts: StoreParts,
  request: SequentialCreate,
  options: RepeatOptions,
): Promise<Created> {
  const ownIndex = (path: string, found: NodeData) => (request.isOwn(path, found) ? 0 : undefined);
  const [created] = await createAllOnce(parts, { ...request, data: [request.data], ownIndex }, options);
  return created!;
}

/** As `createOnce`; in the order of `data`. Undefined for what was made, by a request whose answer was lost, and is gone since. */
export function createAllOnce(
  parts: StoreParts,
  request: SequentialCreates,
  options: RepeatOptions,
): Promise<readonly (Created | undefined)[]> {
  const attempt = async (unsure: boolean): Promise<readonly (Created | undefined)[]> => {
    const own = unsure ? await findCreated(parts, request) : undefined;
    if (own !== undefined && own.size > 0) return request.data.map((_data, index) => own.get(index));
    try {
      return await create(parts, request);
    } catch (error) {
      if (!request.makesParents || !(await isDirMissing(parts, request, error))) throw error;
      await makePath(parts, request.dir, options.signal);
      return attempt(false);
    }
  };
  return untilKnown(parts, attempt, options);
}

/** NO_NODE may also come from one of the extra steps; then the directory is there, and the error is the caller's. */
async function isDirMissing(parts: StoreParts, { dir, extra }: SequentialName, error: unknown): Promise<boolean> {
  if (!isZkError(error, 'NO_NODE')) return false;
  return (extra ?? []).length === 0 || (await parts.zk.exists(dir)) === undefined; // another may have made it meanwhile
}

async function create({ zk }: StoreParts, request: SequentialCreates): Promise<readonly Created[]> {
  const path = `${request.dir}/${request.prefix}`;
  const { data, mode, extra = [] } = request;
  if (extra.length === 0 && data.length === 1) return [await zk.create(path, data[0]!, { mode })];
  const creates = data.map((it): Op => ({ op: 'create', path, data: it, mode }));
  const results = await zk.transaction([...extra, ...creates]);
  return results.slice(extra.length).map((made) => {
    if (made.op !== 'create') throw new Error('a transaction answered something else than it was asked');
    return { path: made.path, stat: made.stat };
  });
}

/** What an earlier try made, if any, by place. */
export async function findCreated(
  { zk }: StoreParts,
  request: SequentialCreates,
): Promise<ReadonlyMap<number, Created>> {
  await zk.sync(request.dir);
  const newestFirst = [...(await listIfThere(zk, request.dir))]
    .filter((it) => it.startsWith(request.prefix) && sequenceOf(it) !== undefined)
    .sort((one, other) => (one.slice(-10) < other.slice(-10) ? 1 : -1))
    .map((it) => `${request.dir}/${it}`);
  const found = new Map<number, Created>();
  for (let start = 0; start < newestFirst.length && found.size < request.data.length; start += SEARCH_BATCH) {
    const paths = newestFirst.slice(start, start + SEARCH_BATCH);
    const results = await zk.multiRead(paths.map((path) => ({ op: 'get', path })));
    for (const [at, result] of results.entries()) {
      const path = paths[at]!;
      const index = result.op === 'get' ? request.ownIndex(path, result) : undefined;
      if (result.op === 'get' && index !== undefined && !found.has(index))
        found.set(index, { path, stat: result.stat });
    }
  }
  return found;
}
