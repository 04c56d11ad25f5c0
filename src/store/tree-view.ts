import type { Logger } from '../runtime/log';
import { inMicrotask } from '../runtime/turn';
import type { Backlog, CachedTree } from '../zk/tree-api';
import type { View } from './api';

/**
 * What all views do: hear what their trees say, note which ids it touches, and nudge listeners once for all that came in
 * one turn. Nudges are only nudges: whoever hears one looks at the whole view.
 */
export abstract class TreeView implements View {
  readonly #listeners = new Set<(ids: ReadonlySet<string>) => void>();
  readonly #detach: (() => void)[] = [];
  #changed: Set<string> | undefined;

  protected constructor(
    private readonly trees: readonly CachedTree[],
    private readonly log: Logger,
  ) {}

  get fresh(): boolean {
    return this.trees.every((it) => it.fresh);
  }

  get backlog(): Backlog {
    const sum = { waiting: 0, reading: 0 };
    for (const { backlog } of this.trees) {
      sum.waiting += backlog.waiting;
      sum.reading += backlog.reading;
    }
    return sum;
  }

  isBehind(id: string): boolean {
    return this.trees.some((it) => it.isBehind(`${it.root}/${id}`));
  }

  async ready(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.trees.map((it) => it.ready(signal)));
  }

  async settled(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.trees.map((it) => it.settled(signal)));
  }

  onChange(listener: (ids: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    for (const detach of this.#detach) detach();
    await Promise.all(this.trees.map((it) => it.close()));
  }

  /** Begins to listen; called by the constructor of a view when it can be told. */
  protected listen(): void {
    for (const tree of this.trees) {
      for (const { path } of tree.all()) this.#hear(tree, path);
      this.#detach.push(
        tree.onEvent((event) => this.#hear(tree, event.type === 'removed' ? event.before.path : event.node.path)),
        tree.onFresh(() => this.#tell()),
      );
    }
  }

  /** Notes what a change of `below`, a path below the root of `tree`, touches, and returns its id. */
  protected abstract touch(below: string, tree: CachedTree): string | undefined;

  #hear(tree: CachedTree, path: string): void {
    if (path.length <= tree.root.length) return;
    const id = this.touch(path.slice(tree.root.length + 1), tree);
    if (id !== undefined) this.#tell(id);
  }

  #tell(id?: string): void {
    if (this.#changed === undefined) {
      this.#changed = new Set();
      inMicrotask(() => this.#flush());
    }
    if (id !== undefined) this.#changed.add(id);
  }

  #flush(): void {
    const ids = this.#changed ?? new Set<string>();
    this.#changed = undefined;
    for (const listener of [...this.#listeners]) {
      try {
        listener(ids);
      } catch (error) {
        this.log.error('listener of a view failed', { err: error });
      }
    }
  }
}

/** The first part of a path without a slash in front. */
export function firstPart(below: string): string {
  const slash = below.indexOf('/');
  return slash === -1 ? below : below.slice(0, slash);
}
