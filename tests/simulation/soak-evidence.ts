import type { RecordedCall } from '../../src/drivers/fake/call-record';
import { systemClock } from '../../src/runtime/clock';
import type { Seat, SoakWorld } from './soak-world';

/** How far back it tells, and how much it keeps at most. */
const TELL_MS = 40_000;
const KEEP = 5_000;
const CALLS = /^(create|delete)-server$/;

interface Event {
  readonly at: number;
  /** Undefined: concerns all. */
  readonly provider: string | undefined;
  readonly text: string;
}

/**
 * What happened lately, in the order in which it did: calls that make and remove instances, what became of node records, and what
 * was done to launchers. For whoever has to find out why a promise was broken; told at that moment, since later nobody knows.
 */
export class Evidence {
  #events: Event[] = [];
  readonly #stops: (() => void)[];

  constructor(private readonly world: Pick<SoakWorld, 'fleet' | 'peer' | 'seats'>) {
    const nodes = world.peer.store.nodes.view();
    this.#stops = [
      nodes.onChange((ids) => {
        for (const id of ids) this.#add(nodes.nodes.get(id)?.record?.provider ?? undefined, `  ${this.#nodeText(id)}`);
      }),
      world.fleet.cloud.cloud.calls.follow((call) => {
        if (CALLS.test(call.operation)) this.#add(call.account, `    ${this.#callText(call)}`);
      }),
    ];
  }

  /** Something was done to a launcher. */
  attack({ number, process }: Seat, what: string): void {
    this.#add(undefined, `launcher ${number} (${process.pid}): ${what}`);
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** Instances and records as they are now, what led to them, and what launchers have printed about those nodes. */
  about(provider: string): string {
    const { fleet, peer, seats } = this.world;
    const servers = fleet.cloud.cloud.account(provider).servers.list();
    const since = systemClock.wall() - TELL_MS;
    const ids = new Set(servers.map((it) => it.metadata['nodepool_node_id'] ?? ''));
    const records = [...peer.store.nodes.view().nodes.values()].filter((it) => it.record?.provider === provider);
    return [
      `instances of ${provider}:`,
      ...servers.map((it) => `  ${it.name} ${it.id} ${it.status} in ${it.zone}`),
      'nodes:',
      ...records.map((it) => `  ${this.#nodeText(it.id)}`),
      'what led to it:',
      ...this.#events.filter((it) => it.at >= since && (it.provider ?? provider) === provider).map(line),
      ...seats.flatMap((it) => [`launcher ${it.number} has printed:`, ...printedAbout(it, ids)]),
    ].join('\n');
  }

  #add(provider: string | undefined, text: string): void {
    this.#events.push({ at: systemClock.wall(), provider, text });
    if (this.#events.length > 2 * KEEP) this.#events = this.#events.slice(-KEEP);
  }

  #nodeText(id: string): string {
    const entry = this.world.peer.store.nodes.view().nodes.get(id);
    if (entry === undefined) return `node ${id} is gone`;
    const { state, externalId, allocatedTo, launcher, comment, az } = entry.record ?? {};
    const facts = `${state} ${String(externalId)} in ${az} for ${allocatedTo} by ${launcher}`;
    return `node ${id} ${facts}${(comment ?? '') === '' ? '' : ` (${comment})`}${entry.locked ? ' locked' : ''}`;
  }

  #callText({ operation, subject, made, status, delivery, client }: RecordedCall): string {
    return `${operation} ${subject} ${made} -> ${status === 0 ? 'nothing done' : status} ${delivery}, from ${client}`;
  }
}

function line({ at, text }: Event): string {
  return `${new Date(at).toISOString().slice(11, 23)} ${text}`;
}

function printedAbout(seat: Seat, nodes: ReadonlySet<string>): string[] {
  const lines = seat.printed.split('\n');
  return lines.filter((it) => [...nodes].some((node) => node !== '' && it.includes(node))).map((it) => `  ${it}`);
}
