import type { Resources } from '../model/records';
import type { NodeIndex } from './node-index';
import { Tally, plus } from './quota';

export interface ReservationSpec {
  readonly provider: string;
  readonly pool: string;
  readonly tenant: string | null;
  readonly need: Resources;
  /** A node that exists already changes its tenant: provider and pool count it by now. */
  readonly tenantOnly?: boolean;
}

/** A place under the limits for a node that is not in the index yet. */
export interface Reservation {
  readonly spec: ReservationSpec;
  /** This is the node: the place is given up as soon as the index counts the node itself, or learns that it is gone. */
  bind(node: string): void;
  /** The same for a node that was made just now: the index may be told of its lock before it, so absence means nothing until `arrived`. */
  bindNew(node: string): void;
  /** Gives the place up. Idempotent. */
  release(): void;
  /** Gives the place up unless there is a node for it. */
  cancel(): void;
}

/**
 * What this process has promised but the tree does not show yet, so that two decisions in one moment cannot both use the
 * last free place. Usage = index + reservations; a bound reservation ends in the same step in which the index learns of
 * its node, so nothing is counted twice or not at all.
 */
export class Reservations {
  readonly #used = new Tally<string>();
  readonly #tenants = new Tally<string>();
  readonly #bound = new Map<string, Reservation>();
  /** Made, and perhaps not shown by the tree yet. */
  readonly #expected = new Set<string>();
  readonly #taken = new Set<string>();

  constructor(private readonly index: () => NodeIndex) {}

  reserve(spec: ReservationSpec): Reservation {
    this.#count(spec, 'add');
    let open = true;
    let bound: string | undefined;
    const reservation: Reservation = {
      spec,
      bind: (node) => {
        if (!open) return;
        bound = node;
        this.#bound.set(node, reservation);
        this.#releaseIfCounted(node, reservation);
      },
      bindNew: (node) => {
        if (open) this.#expected.add(node);
        reservation.bind(node);
      },
      release: () => {
        if (!open) return;
        open = false;
        if (bound !== undefined) this.#unbind(bound, reservation);
        this.#count(spec, 'take');
      },
      cancel: () => {
        if (bound === undefined) reservation.release();
      },
    };
    return reservation;
  }

  /** To be called when the index has been told about `node`, present or gone. */
  seen(node: string): void {
    const reservation = this.#bound.get(node);
    if (reservation === undefined) return;
    if (this.index().has(node)) this.#releaseIfCounted(node, reservation);
    else if (!this.#expected.has(node)) reservation.release();
  }

  /** Whoever made the node has it: from now on, and right now if `isShown` is false, its absence means that it is gone. */
  arrived(node: string, isShown: boolean): void {
    this.#expected.delete(node);
    if (!isShown) this.#bound.get(node)?.release();
  }

  /** Keeps a ready node from being chosen twice while its lock is on the way. Returns how to give it back. */
  take(node: string): () => void {
    this.#taken.add(node);
    return () => this.#taken.delete(node);
  }

  isTaken(node: string): boolean {
    return this.#taken.has(node);
  }

  used(provider: string, pool?: string): Resources {
    const key = pool === undefined ? provider : `${provider}\0${pool}`;
    return plus(this.index().used(provider, pool), this.#used.of(key));
  }

  usedByTenant(tenant: string): Resources {
    return plus(this.index().usedByTenant(tenant), this.#tenants.of(tenant));
  }

  #releaseIfCounted(node: string, reservation: Reservation): void {
    const fact = this.index().get(node);
    if (fact === undefined) return;
    const { tenantOnly, tenant } = reservation.spec;
    if (tenantOnly !== true || fact.record?.tenantName === tenant) reservation.release();
  }

  #unbind(node: string, reservation: Reservation): void {
    if (this.#bound.get(node) !== reservation) return;
    this.#bound.delete(node);
    this.#expected.delete(node);
  }

  #count({ provider, pool, tenant, need, tenantOnly }: ReservationSpec, step: 'add' | 'take'): void {
    if (tenantOnly !== true) {
      this.#used[step](provider, need);
      this.#used[step](`${provider}\0${pool}`, need);
    }
    if (tenant !== null) this.#tenants[step](tenant, need);
  }
}
