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
  /** This is the node: the place is given up as soon as the index counts the node itself. */
  bind(node: string): void;
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
  readonly #taken = new Set<string>();

  constructor(private readonly index: () => NodeIndex) {}

  reserve(spec: ReservationSpec): Reservation {
    this.#count(spec, 'add');
    let open = true;
    let bound = false;
    const reservation: Reservation = {
      spec,
      bind: (node) => {
        if (!open) return;
        bound = true;
        this.#bound.set(node, reservation);
        this.#releaseIfCounted(node, reservation);
      },
      release: () => {
        if (!open) return;
        open = false;
        this.#count(spec, 'take');
      },
      cancel: () => {
        if (!bound) reservation.release();
      },
    };
    return reservation;
  }

  /** To be called when the index has been told about `node`, present or gone. */
  seen(node: string): void {
    const reservation = this.#bound.get(node);
    if (reservation === undefined) return;
    if (this.index().has(node)) this.#releaseIfCounted(node, reservation);
    else this.#end(node, reservation);
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
    if (tenantOnly !== true || fact.record?.tenantName === tenant) this.#end(node, reservation);
  }

  #end(node: string, reservation: Reservation): void {
    this.#bound.delete(node);
    reservation.release();
  }

  #count({ provider, pool, tenant, need, tenantOnly }: ReservationSpec, step: 'add' | 'take'): void {
    if (tenantOnly !== true) {
      this.#used[step](provider, need);
      this.#used[step](`${provider}\0${pool}`, need);
    }
    if (tenant !== null) this.#tenants[step](tenant, need);
  }
}
