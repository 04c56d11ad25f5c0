import type { NodeData, ReadOp, ReadResult, ZooKeeper } from '../zk/client';
import { isZkError } from '../zk/errors';
import type { Snapshot } from './snapshot';

/** Paths in one request; records are about 1 kB, and an answer should stay below 1 MB (zookeeper-client 8). */
const BATCH = 50;
/** Requests under way at once. */
const PARALLEL = 8;

/** A snapshot that is filled by reads from the server, as many paths in a round trip as is sensible. Missing paths are absent. */
export class DirectSnapshot implements Snapshot {
  readonly #data = new Map<string, NodeData>();
  readonly #children = new Map<string, readonly string[]>();

  /** `read` does one request, repeating it if need be. */
  constructor(private readonly read: ZooKeeper['multiRead']) {}

  get(path: string): NodeData | undefined {
    return this.#data.get(path);
  }

  children(path: string): readonly string[] {
    return this.#children.get(path) ?? [];
  }

  /** Reads the data of `gets` and the children of `lists`. */
  async fetch(gets: readonly string[], lists: readonly string[]): Promise<void> {
    const ops: ReadOp[] = [
      ...gets.map((path): ReadOp => ({ op: 'get', path })),
      ...lists.map((path): ReadOp => ({ op: 'children', path })),
    ];
    const batches = Array.from({ length: Math.ceil(ops.length / BATCH) }, (_, index) =>
      ops.slice(index * BATCH, (index + 1) * BATCH),
    );
    const worker = async () => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) await this.#fetchBatch(batch);
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, batches.length) }, worker));
  }

  async #fetchBatch(ops: readonly ReadOp[]): Promise<void> {
    const results = await this.read(ops);
    ops.forEach(({ path }, index) => this.#keep(path, results[index]!));
  }

  #keep(path: string, result: ReadResult): void {
    if (result.op === 'get') this.#data.set(path, result);
    else if (result.op === 'children') this.#children.set(path, result.children);
    else if (!isZkError(result.error, 'NO_NODE')) throw result.error;
  }
}

/**
 * An entry for each of `ids`, in their order, without those that `entryOf` finds nothing for. Entries are made while the
 * next records are on their way: reading and parsing take about as long.
 */
export async function readEach<E>(
  read: ZooKeeper['multiRead'],
  ids: readonly string[],
  pathsOf: (id: string) => { readonly get: string; readonly list: string },
  entryOf: (snapshot: Snapshot, id: string) => E | undefined,
): Promise<ReadonlyMap<string, E>> {
  const found: (E | undefined)[] = [];
  const size = BATCH / 2;
  let next = 0;
  const worker = async () => {
    while (next < ids.length) {
      const from = next;
      next += size;
      const some = ids.slice(from, from + size);
      const paths = some.map(pathsOf);
      const snapshot = new DirectSnapshot(read);
      await snapshot.fetch(
        paths.map((it) => it.get),
        paths.map((it) => it.list),
      );
      for (const [index, id] of some.entries()) found[from + index] = entryOf(snapshot, id);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return new Map(ids.flatMap((id, index) => (found[index] === undefined ? [] : [[id, found[index]] as const])));
}
