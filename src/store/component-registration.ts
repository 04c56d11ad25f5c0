import { printComponent } from '../model/component-record';
import { componentsPath } from '../model/paths';
import type { Component } from '../model/records';
import { underAll } from '../runtime/link-signals';
import type { Session } from '../zk/client';
import { isZkError } from '../zk/errors';
import type { ComponentEntry, ComponentsView, Registration, View } from './api';
import { createOnce } from './create-once';
import { deleteQuietly } from './guarded';
import type { StoreParts } from './parts';
import { untilKnown } from './repeat';

/** How long it may take to take one's own znode back. */
const UNREGISTER_MS = 5_000;

/** What stands in the tree for us. */
interface Registered {
  readonly path: string;
  readonly owner: bigint;
  readonly data: Buffer;
  /** What `data` says. */
  readonly component: Component;
  readonly version: number;
}

/**
 * A component that is kept in the tree: whenever the znode of this session lacks or says something else than wanted, it is
 * made or written. One pass at a time; a new session begins one, and so does every change.
 */
export class ComponentRegistration<C extends Component> implements Registration<C> {
  #component: C;
  #registered: Registered | undefined;
  #passes: Promise<void> = Promise.resolve();
  readonly #ended = new AbortController();
  readonly #stopListening: () => void;

  /** `taken` are znodes of other registrations of this process, which must not be mistaken for ours. */
  constructor(
    private readonly parts: StoreParts,
    component: C,
    private readonly view: () => ComponentsView,
    private readonly taken: Set<string>,
  ) {
    this.#component = component;
    this.#stopListening = parts.zk.onState((state) => {
      if (state === 'connected') this.#keep();
    });
  }

  get component(): C {
    return this.#component;
  }

  get znode(): string | undefined {
    const { path, owner } = this.#registered ?? {};
    const isAlive = owner !== undefined && owner === this.parts.zk.session?.id;
    return isAlive ? path?.slice(path.lastIndexOf('/') + 1) : undefined;
  }

  /** Resolves when the tree says what is wanted. */
  register(): Promise<void> {
    return this.#pass();
  }

  async update(change: Partial<C>): Promise<void> {
    if (!isChange(this.#component, change)) {
      if (this.#isSaid) return; // asked for in every pass of a pool
    } else this.#component = { ...this.#component, ...change };
    await this.#pass();
  }

  /** Whether what the tree says of us in this session is what we want. */
  get #isSaid(): boolean {
    const registered = this.#registered;
    return registered?.component === this.#component && registered.owner === this.parts.zk.session?.id;
  }

  async visible(signal: AbortSignal): Promise<void> {
    const view = this.view();
    const isVisible = () => this.znode !== undefined && entries(view, this.#component.kind).has(this.znode);
    while (!isVisible()) await nextChange(view, isVisible, signal);
  }

  async unregister(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#stopListening();
    this.#ended.abort(new Error('unregistered'));
    await this.#passes;
    const { path, owner } = this.#registered ?? {};
    this.#registered = undefined;
    if (path === undefined) return;
    this.taken.delete(path);
    const { session } = this.parts.zk;
    if (owner === undefined || owner !== session?.id) return;
    await this.#remove(path, session);
    this.parts.observe(path, undefined, undefined);
  }

  /** It goes with the session as well, which is closed next or ends by itself: nobody waits long for a server that is mute. */
  async #remove(path: string, session: Session): Promise<void> {
    const patience = new AbortController();
    const timer = this.parts.clock.after(UNREGISTER_MS, () => patience.abort(new Error('took too long')));
    try {
      await underAll([session.lost, patience.signal], (signal) =>
        untilKnown(this.parts, () => deleteQuietly(this.parts.zk, path), { sessionBound: true, signal }),
      );
    } catch (error) {
      const isOver = session.lost.aborted || patience.signal.aborted;
      if (!isOver && !isZkError(error, 'SESSION_EXPIRED', 'SESSION_CLOSED')) throw error;
    } finally {
      timer.cancel();
    }
  }

  #keep(): void {
    this.#pass().catch((error: unknown) => {
      if (!this.#ended.signal.aborted && !isZkError(error, 'SESSION_CLOSED')) {
        this.parts.log.error('component not registered', { err: error, component: this.#component.kind });
      }
    });
  }

  #pass(): Promise<void> {
    const pass = this.#passes.then(() => this.#reconcile());
    this.#passes = pass.catch(() => undefined); // whoever began the pass hears of it
    return pass;
  }

  /** A session that ends in the middle is followed by another one, in which all begins again. */
  async #reconcile(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const session = await this.parts.zk.connected(signal);
      const component = this.#component;
      const data = printComponent(component);
      const before = this.#registered;
      try {
        if (before?.owner !== session.id) await this.#create(component, data);
        else if (!before.data.equals(data)) await this.#write(before, component, data);
        else {
          this.#registered = { ...before, component };
          return;
        }
      } catch (error) {
        if (!isZkError(error, 'SESSION_EXPIRED')) throw error;
      }
    }
  }

  async #create(component: C, data: Buffer): Promise<void> {
    const dir = componentsPath(this.#component.kind);
    if (this.#registered !== undefined) this.taken.delete(this.#registered.path);
    const created = await createOnce(
      this.parts,
      {
        dir,
        prefix: this.#component.hostname,
        data,
        mode: 'ephemeral-sequential',
        isOwn: (path, found) =>
          found.stat.ephemeralOwner === this.parts.zk.session?.id && found.data.equals(data) && !this.taken.has(path),
        makesParents: true,
      },
      { signal: this.#ended.signal, sessionBound: true },
    );
    const stat = created.stat ?? (await this.parts.zk.get(created.path)).stat;
    this.taken.add(created.path);
    this.#registered = { path: created.path, owner: stat.ephemeralOwner, data, component, version: stat.version };
    this.parts.observe(created.path, data, stat);
  }

  /** Nobody else writes it; should it have been removed or changed, it is registered anew. */
  async #write(before: Registered, component: C, data: Buffer): Promise<void> {
    const { zk } = this.parts;
    const attempt = async (unsure: boolean) => {
      try {
        return await zk.set(before.path, data, before.version);
      } catch (error) {
        if (!isZkError(error, 'BAD_VERSION', 'NO_NODE')) throw error;
        const found = unsure ? await zk.exists(before.path) : undefined;
        return found?.version === before.version + 1 ? found : undefined;
      }
    };
    const stat = await untilKnown(this.parts, attempt, { signal: this.#ended.signal, sessionBound: true });
    if (stat === undefined) {
      await deleteQuietly(zk, before.path);
      this.taken.delete(before.path);
      this.#registered = undefined;
      return;
    }
    this.#registered = { ...before, data, component, version: stat.version };
    this.parts.observe(before.path, data, stat);
  }
}

/** Lists are compared by what is in them. */
function isChange<C extends Component>(component: C, change: Partial<C>): boolean {
  return (Object.keys(change) as (keyof C)[]).some((key) => !isSame(component[key], change[key]));
}

function isSame(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return one === other;
  return one.length === other.length && one.every((it, at) => it === other[at]);
}

function entries(view: ComponentsView, kind: Component['kind']): ReadonlyMap<string, ComponentEntry> {
  if (kind === 'pool') return view.pools;
  return kind === 'launcher' ? view.launchers : view.builders;
}

/** Resolves at the next change of the view, unless `isDone` already holds when the listener is in place. */
function nextChange(view: View, isDone: () => boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = view.onChange(() => end(resolve));
    const onAbort = () => end(() => reject(signal.reason as Error));
    const end = (settle: () => void) => {
      stop();
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else if (isDone()) end(resolve);
  });
}
