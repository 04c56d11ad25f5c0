import type { ZooKeeper } from './client';
import type { ErrorName } from './errors';

export type OpName =
  | 'create'
  | 'get'
  | 'exists'
  | 'children'
  | 'set'
  | 'delete'
  | 'transaction'
  | 'multiRead'
  | 'sync'
  | 'addWatch'
  | 'countDescendants'
  | 'ephemerals'
  | 'getAcl'
  | 'setAcl';

/** Which request a fault is for; what is left out matches all. Paths of a transaction or multiRead are those of its steps. */
export interface Fault {
  readonly client?: ZooKeeper;
  readonly op?: OpName;
  readonly path?: string | RegExp;
  /** How many requests; default 1. */
  readonly times?: number;
}

export type FaultEffect =
  | { readonly kind: 'drop-reply' }
  | { readonly kind: 'drop-request' }
  | { readonly kind: 'fail'; readonly code: ErrorName };

/** Faults waiting for their request, oldest first. */
export class MemoryFaults {
  #waiting: { readonly fault: Fault; readonly effect: FaultEffect; left: number }[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  add(fault: Fault, effect: FaultEffect): void {
    this.#waiting.push({ fault, effect, left: fault.times ?? 1 });
  }

  /** What is to happen to this request, if anything; used up by asking. */
  take(client: object, op: OpName, paths: readonly string[]): FaultEffect | undefined {
    const found = this.#waiting.find((it) => matches(it.fault, client, op, paths));
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left === 0) this.#waiting = this.#waiting.filter((it) => it !== found);
    return found.effect;
  }
}

function matches(fault: Fault, client: object, op: OpName, paths: readonly string[]): boolean {
  if (fault.client !== undefined && fault.client !== client) return false;
  if (fault.op !== undefined && fault.op !== op) return false;
  const { path } = fault;
  if (path === undefined) return true;
  return paths.some((it) => (typeof path === 'string' ? it === path : path.test(it)));
}
