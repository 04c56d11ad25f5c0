import type { Node } from '../model/records';

/** How many of the last ones count. */
const REMEMBERED = 20;

/** How long launches and deletions took lately, learned from the nodes' records alone. */
export class NodeTimes {
  /** `since` is undefined while the node waits for its turn. */
  readonly #launching = new Map<string, { readonly key: string; readonly since: number | undefined }>();
  readonly #deleting = new Map<string, { readonly key: string; readonly since: number }>();
  readonly #took = new Map<string, number[]>();

  /** What the tree says of a node now; undefined for gone. */
  note(id: string, record: Node | undefined, nowSeconds: number): void {
    this.#noteLaunch(id, record);
    const deletion = this.#deleting.get(id);
    if (record?.state === 'deleting') {
      if (deletion === undefined)
        this.#deleting.set(id, { key: deletionKey(record.provider), since: record.stateTime });
    } else if (deletion !== undefined) {
      this.#deleting.delete(id);
      if (record === undefined) this.#remember(deletion.key, nowSeconds - deletion.since);
    }
  }

  /**
   * Seconds that launches took, the median; undefined if none was seen. What a node waited in `init` for its turn is no part of
   * it where that was seen: then it began when `building` was written, else when the node was created.
   */
  launchSeconds(provider: string, label: string): number | undefined {
    return median(this.#took.get(launchKey({ provider, type: [label] })));
  }

  /** When the launch of a node that is under way began; UNIX seconds. Undefined: it waits for its turn, or is not known. */
  launchingSince(id: string): number | undefined {
    return this.#launching.get(id)?.since;
  }

  /** Seconds until a deleted node was gone, the median; undefined if none was seen. */
  deletionSeconds(provider: string): number | undefined {
    return median(this.#took.get(deletionKey(provider)));
  }

  /** When the first of those that are being deleted at the provider was marked so; UNIX seconds. */
  deletingSince(provider: string): number | undefined {
    const key = deletionKey(provider);
    let first: number | undefined;
    for (const it of this.#deleting.values()) {
      if (it.key === key && (first === undefined || it.since < first)) first = it.since;
    }
    return first;
  }

  #noteLaunch(id: string, record: Node | undefined): void {
    const launch = this.#launching.get(id);
    if (record?.state === 'init') {
      if (launch === undefined) this.#launching.set(id, { key: launchKey(record), since: undefined });
    } else if (record?.state === 'building') {
      // The record's own time moves on with each write, so only the first look tells when it was begun.
      if (launch === undefined)
        this.#launching.set(id, { key: launchKey(record), since: record.createdTime ?? record.stateTime });
      else if (launch.since === undefined) this.#launching.set(id, { ...launch, since: record.stateTime });
    } else if (launch !== undefined) {
      this.#launching.delete(id);
      if (record?.state !== 'ready') return;
      this.#remember(launch.key, record.stateTime - (launch.since ?? record.createdTime ?? record.stateTime));
    }
  }

  #remember(key: string, seconds: number): void {
    const took = this.#took.get(key) ?? [];
    took.push(Math.max(0, seconds));
    if (took.length > REMEMBERED) took.shift();
    this.#took.set(key, took);
  }
}

const launchKey = ({ provider, type }: Pick<Node, 'provider' | 'type'>) =>
  `launch\0${provider ?? ''}\0${type[0] ?? ''}`;
const deletionKey = (provider: string | null) => `deletion\0${provider ?? ''}`;

function median(values: readonly number[] | undefined): number | undefined {
  if (values === undefined || values.length === 0) return undefined;
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
