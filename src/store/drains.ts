import { type Json } from '../model/json';
import { DRAINS, drainPath } from '../model/own-paths';
import { componentsPath, ROOT } from '../model/paths';
import { linkSignals } from '../runtime/link-signals';
import type { ZooKeeper } from '../zk/client';
import { isZkError } from '../zk/errors';
import { openTree } from '../zk/tree';
import type { CachedTree } from '../zk/tree-api';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

type Parts = Omit<StoreParts, 'observe'>;

/** An open letter box. */
export interface DrainBox {
  /** The launcher's name may have changed. */
  look(): void;
  close(): Promise<void>;
}

/**
 * Keeps a letter box for the launcher that is registered as `name()` says, and calls `onOrder` once when it is told to
 * finish. The box is ephemeral: it goes with the launcher's session, and the order with it. Costs nothing while idle.
 */
export function openDrainBox(parts: Parts, name: () => string | undefined, onOrder: (by: string) => void): DrainBox {
  return new WatchedBox(parts, name, onOrder);
}

/** What became of an order: the launcher has it, does not listen (as those of Python), or is not registered any more. */
export type DrainAnswer = 'told' | 'deaf' | 'gone';

/** How long the letter box of a registered launcher is waited for: one that has just started registers first. */
const PATIENCE_MS = 5000;

/** Tells a launcher, by the name of its component, to finish. Rejects with the reason of `signal`. */
export async function orderDrain(
  parts: Parts,
  launcher: string,
  by: string,
  signal: AbortSignal,
): Promise<DrainAnswer> {
  if (await putOrder(parts, launcher, by, signal)) return 'told';
  const found = await untilBox(parts, launcher, signal);
  if (found !== 'gone' && (await putOrder(parts, launcher, by, signal))) return 'told';
  return found === 'late' ? 'deaf' : 'gone';
}

/** False: there is no letter box. */
async function putOrder(parts: Parts, launcher: string, by: string, signal: AbortSignal): Promise<boolean> {
  const data = Buffer.from(JSON.stringify({ drain: true, by }));
  try {
    await untilKnown({ ...parts, observe: () => undefined }, () => parts.zk.set(drainPath(launcher), data), { signal });
    return true;
  } catch (error) {
    if (isZkError(error, 'NO_NODE')) return false;
    throw error;
  }
}

/** Resolves when the launcher has a letter box or is not registered any more, and after a while anyhow. */
async function untilBox(parts: Parts, launcher: string, signal: AbortSignal): Promise<'there' | 'gone' | 'late'> {
  const registry = componentsPath('launcher');
  const [box, component] = [drainPath(launcher), `${registry}/${launcher}`];
  const kept = [DRAINS, box, registry, component];
  const keep = (path: string) => (kept.includes(path) ? 'data' : 'skip');
  const boxes = openTree(parts.zk, DRAINS, { keep }, parts);
  const components = openTree(parts.zk, registry, { keep }, parts);
  const seen = new Promise<'there' | 'gone'>((resolve) => {
    const look = () => {
      if (boxes.get(box) !== undefined) resolve('there');
      else if (components.fresh && components.get(component) === undefined) resolve('gone');
    };
    for (const tree of [boxes, components]) {
      tree.onEvent(look);
      tree.onFresh(look);
    }
  });
  const over = new AbortController();
  const patience = linkSignals(signal, over.signal);
  try {
    const late = parts.clock.sleep(PATIENCE_MS, patience.signal).then(() => 'late' as const);
    return await Promise.race([seen, late]);
  } finally {
    over.abort(new Error('it is known'));
    patience.release();
    await Promise.all([boxes.close(), components.close()]);
  }
}

class WatchedBox implements DrainBox {
  readonly #tree: CachedTree;
  readonly #parts: StoreParts;
  readonly #closing = new AbortController();
  #making: Promise<void> | undefined;
  #ordered = false;

  constructor(
    parts: Parts,
    private readonly name: () => string | undefined,
    private readonly onOrder: (by: string) => void,
  ) {
    this.#parts = { ...parts, observe: () => undefined };
    this.#tree = openTree(parts.zk, DRAINS, {}, parts);
    this.#tree.onEvent(() => this.look());
    this.#tree.onFresh(() => this.look());
    this.look();
  }

  look(): void {
    const name = this.name();
    if (this.#closing.signal.aborted || name === undefined || !this.#tree.fresh) return;
    const box = this.#tree.get(drainPath(name));
    if (box === undefined) {
      this.#making ??= this.#make(name).finally(() => {
        this.#making = undefined;
      });
    } else if (box.data.length > 0 && !this.#ordered) {
      this.#ordered = true;
      this.onOrder(orderedBy(box.data));
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the letter box is closed'));
    await this.#making;
    await this.#tree.close();
  }

  async #make(name: string): Promise<void> {
    const { zk, log } = this.#parts;
    try {
      for (const path of [ROOT, DRAINS]) await createIfMissing(zk, path);
      await zk.create(drainPath(name), Buffer.alloc(0), { mode: 'ephemeral' });
    } catch (error) {
      // It is there already, or the link is gone: then the tree is read again, and asks for another look.
      if (isZkError(error, 'NODE_EXISTS') || this.#closing.signal.aborted) return;
      log.debug('no letter box for orders yet', { err: error });
    }
  }
}

/** Without repeats: a stop must not wait for a link that is gone. */
async function createIfMissing(zk: ZooKeeper, path: string): Promise<void> {
  try {
    await zk.create(path, Buffer.alloc(0));
  } catch (error) {
    if (!isZkError(error, 'NODE_EXISTS')) throw error;
  }
}

function orderedBy(data: Buffer): string {
  try {
    const order = JSON.parse(data.toString('utf8')) as Json;
    const by = typeof order === 'object' && order !== null && 'by' in order ? order.by : undefined;
    return typeof by === 'string' ? by : 'somebody';
  } catch {
    return 'somebody'; // any data is an order
  }
}
