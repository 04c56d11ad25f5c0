import type { RecordedCall } from '../../src/drivers/fake/call-record';
import { systemClock } from '../../src/runtime/clock';
import type { Seat, SoakWorld } from './soak-world';

/** How far back it tells of everything, and of what is there now; how much it keeps at most. */
const TELL_ALL_MS = 5_000;
const TELL_MS = 60_000;
const KEEP = 10_000;
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
    const nodes = new Set(servers.flatMap((it) => it.metadata['nodepool_node_id'] ?? []));
    const names = new Set([...nodes, ...servers.map((it) => it.id)]);
    const records = [...peer.store.nodes.view().nodes.values()].filter((it) => it.record?.provider === provider);
    return [
      `instances of ${provider}:`,
      ...servers.map((it) => `  ${it.name} ${it.id} ${it.status} in ${it.zone}`),
      'nodes:',
      ...records.map((it) => `  ${this.#nodeText(it.id)}`),
      'what led to it:',
      ...this.#ledTo(provider, names).map(line),
      ...seats.flatMap((it) => [`launcher ${it.number} has printed:`, ...printedAbout(it, nodes)]),
    ].join('\n');
  }

  #ledTo(provider: string, names: ReadonlySet<string>): readonly Event[] {
    const now = systemClock.wall();
    return this.#events.filter(
      (it) =>
        (it.provider ?? provider) === provider &&
        (now - it.at <= TELL_ALL_MS || (now - it.at <= TELL_MS && mentions(it.text, names))),
    );
  }

  #add(provider: string | undefined, text: string): void {
    this.#events.push({ at: systemClock.wall(), provider, text });
    if (this.#events.length > 2 * KEEP) this.#events = this.#events.slice(-KEEP);
  }

  #nodeText(id: string): string {
    const view = this.world.peer.store.nodes.view();
    const entry = view.nodes.get(id);
    if (entry === undefined) return `node ${id} is ${view.isBehind(id) ? 'about to be read' : 'gone'}`;
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
  return lines.filter((it) => mentions(it, nodes)).map((it) => `  ${it}`);
}

function mentions(text: string, names: ReadonlySet<string>): boolean {
  return [...names].some((it) => text.includes(it));
}
