import type { SkipReason } from './choose-requests';

/** Why a pool has not given a request its nodes. The words are an interface: programs read them. */
export type WaitReason =
  | 'declined'
  | 'preferred-provider-serves-it'
  | 'pool-of-better-priority-serves-it'
  | 'another-pool-has-the-labels'
  | 'no-such-node-left'
  | 'tenant-limit'
  | 'limits-not-known-yet'
  | 'pool-is-paused'
  | 'max-concurrency'
  | 'no-room'
  | 'cloud-is-full'
  | 'cloud-is-silent'
  | 'machines-are-busy'
  | 'others-go-first';

export interface WaitNote {
  readonly reason: WaitReason;
  /** The resource that lacks, the request that is waited for, the words of a decline. */
  readonly detail: string | undefined;
  /** UNIX seconds since when it has been so without a break. */
  readonly since: number;
}

const OF_SKIPS: Partial<Record<SkipReason, WaitReason>> = {
  'preferred provider serves it': 'preferred-provider-serves-it',
  'a pool of better priority serves it': 'pool-of-better-priority-serves-it',
  'another pool has the labels': 'another-pool-has-the-labels',
  'no such node left': 'no-such-node-left',
  'tenant limit': 'tenant-limit',
  'need of a label is not known yet': 'limits-not-known-yet',
};

/** The reason that a verdict means; undefined where it says nothing new: a decline is remembered as it was made. */
export function reasonOfSkip(why: SkipReason): WaitReason | undefined {
  return OF_SKIPS[why];
}

/**
 * What a pool has decided of each request, as its passes say it. In memory only: a pass over ten thousand requests writes
 * nothing anywhere, and allocates only where something changed.
 */
export class WaitNotes {
  readonly #notes = new Map<string, WaitNote>();

  get(request: string): WaitNote | undefined {
    return this.#notes.get(request);
  }

  note(request: string, reason: WaitReason, detail: string | undefined, nowSeconds: number): void {
    const before = this.#notes.get(request);
    if (before?.reason === reason && before.detail === detail) return;
    this.#notes.set(request, { reason, detail, since: nowSeconds });
  }

  delete(request: string): void {
    this.#notes.delete(request);
  }

  keys(): Iterable<string> {
    return this.#notes.keys();
  }
}
