import { newRequest } from '../src/model/request-record';
import { nodePath, requestPath } from '../src/model/paths';
import { parseNode, printNode } from '../src/model/node-record';
import type { NodeRequest } from '../src/model/records';
import type { Peer } from './farm';

/** How one node's life went, milliseconds from the submission of its request. */
export interface Life {
  readonly fulfilledMs: number;
}

/**
 * Files requests for one node each, with so many outstanding, and gives every node back as used at once, without locking it:
 * two writes a life, so that the load costs little beside what it is to measure.
 */
export async function liveThrough(peer: Peer, count: number, outstanding: number): Promise<readonly Life[]> {
  const { zk, store } = peer;
  const requests = store.requests.view();
  const nodes = store.nodes.view();
  await Promise.all([requests.ready(), nodes.ready()]);
  const lives: Life[] = [];
  const pending = new Map<string, { began: number; done: () => void; fail: (error: unknown) => void }>();
  const stop = requests.onChange((ids) => {
    for (const id of ids) {
      const waiting = pending.get(id);
      const record = requests.requests.get(id)?.record;
      if (waiting === undefined || (record?.state !== 'fulfilled' && record?.state !== 'failed')) continue;
      pending.delete(id);
      if (record.state === 'failed') waiting.fail(new Error(`request ${id} has failed`));
      lives.push({ fulfilledMs: performance.now() - waiting.began });
      void giveBack(peer, id, record).then(waiting.done, waiting.fail);
    }
  });
  let started = 0;
  const one = async () => {
    const began = performance.now();
    const id = await store.requests.create(
      newRequest({ nodeTypes: ['small'], requestor: 'bench', stateTime: Date.now() / 1000 }),
      200,
      'persistent',
    );
    await new Promise<void>((done, fail) => {
      pending.set(id, { began, done, fail });
    });
  };
  const worker = async () => {
    while (started < count) {
      started += 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: outstanding }, worker));
  stop();
  await zk.sync('/');
  return lives;
}

async function giveBack({ zk }: Peer, id: string, request: NodeRequest): Promise<void> {
  const [node] = request.nodes;
  const { record } = await readNode(zk, node!);
  await zk.transaction([
    { op: 'set', path: nodePath(node!), data: record },
    { op: 'delete', path: requestPath(id) },
  ]);
}

async function readNode(zk: Peer['zk'], id: string): Promise<{ readonly record: Buffer }> {
  const { data } = await zk.get(nodePath(id));
  return { record: printNode({ ...parseNode(data), state: 'used' }) };
}

/** Resolves when the tree has no nodes any more. */
export async function untilNoNodes({ store }: Peer): Promise<void> {
  const view = store.nodes.view();
  if (view.nodes.size === 0) return;
  await new Promise<void>((resolve) => {
    const stop = view.onChange(() => {
      if (view.nodes.size > 0) return;
      stop();
      resolve();
    });
  });
}
