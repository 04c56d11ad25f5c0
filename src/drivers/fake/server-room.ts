import type { Random } from '../../runtime/random';
import { drawMs } from './draw';
import type { ImageShelf } from './image-shelf';
import { addUsage, isGone, NO_USAGE, type ServerRecord, type ServerView, type Usage, usageOf, viewAt } from './model';
import type { Networking } from './networking';
import type { AccountOptions, Fault } from './options';
import { badRequest, checked, noSuch, overQuota } from './refusal';
import { createServerBody, type CreateServerBody } from './requests';
import { type Change, Table } from './tables';

/** Lists never lag further behind than this. */
export const MAX_LAG_MS = 60_000;

export interface ServerRoomTools {
  readonly wall: () => number;
  readonly random: Random;
  readonly tell: (change: Change) => void;
  readonly count: (usage: Usage, metadata: Readonly<Record<string, string>>, sign: 1 | -1) => void;
}

/** Faults that change what becomes of a server, drawn before the call is carried out. */
export type Doom = Pick<Fault, 'effect' | 'message'>;

/** Servers of an account, within its limits. */
export class ServerRoom {
  readonly table: Table<'servers'>;
  readonly #byName = new Map<string, string>();
  /** Deletion was asked for: those to look at as time passes. */
  readonly #leaving = new Set<string>();
  /** Gone, but lists may still show them. */
  readonly #counted = new Set<string>();
  #usage: Usage = NO_USAGE;
  /** Nothing goes by itself before this. */
  #reapAt = Infinity;

  constructor(
    account: string,
    private readonly options: () => AccountOptions,
    private readonly tools: ServerRoomTools,
    private readonly images: ImageShelf,
    private readonly networking: Networking,
  ) {
    this.table = new Table(account, 'servers', tools.tell);
  }

  /** What all servers use now, those in deletion included. */
  get usage(): Usage {
    this.reap();
    return this.#usage;
  }

  create(body: unknown, dooms: readonly Doom[] = []): { readonly server: ServerView; readonly created: boolean } {
    const wanted = checked(createServerBody, body);
    this.reap();
    const present = wanted.once ? this.#present(wanted.name) : undefined;
    if (present !== undefined) return { server: this.#view(present), created: false };
    const server = this.#draft(wanted, dooms);
    this.#requireRoom(usageOf(server));
    this.table.put(server.id, server);
    this.#enter(server);
    return { server: this.#view(server), created: true };
  }

  show(id: string): ServerView {
    return this.#view(this.#require(id));
  }

  /** The server, and when it next changes by itself (null: never). */
  watch(id: string): { readonly server: ServerView; readonly changesAt: number | null } {
    const row = this.#require(id);
    const server = this.#view(row);
    return { server, changesAt: server.status === 'BUILD' ? row.settlesAt : null };
  }

  /** All servers, each as it was a while ago: a list lags. */
  list(): ServerView[] {
    this.reap();
    const now = this.tools.wall();
    return [...this.table.values()].flatMap((it) => viewAt(it, this.#around, now - it.lagMs) ?? []);
  }

  remove(id: string, dooms: readonly Doom[] = []): void {
    const row = this.#require(id);
    if (row.deletedAt !== null) return;
    const now = this.tools.wall();
    const stuck = dooms.some((it) => it.effect === 'delete-hang');
    const goneAt = stuck ? null : now + drawMs(this.options()['delete-time'], this.tools.random);
    const leaving = { ...row, deletedAt: now, goneAt };
    this.table.put(id, leaving);
    this.#leaving.add(id);
    this.#reapAt = Math.min(this.#reapAt, goneAt ?? Infinity);
    this.networking.detachAddress(id);
    if (dooms.some((it) => it.effect === 'leak-port')) this.networking.leavePort(id);
    this.reap();
  }

  console(id: string): string {
    const { name, createdAt } = this.#require(id);
    const text = this.options()['console-log'];
    return text === '' ? `[    0.000000] ${name} begins to boot at ${new Date(createdAt).toISOString()}\n` : text;
  }

  /** Lets those go whose time has come, and forgets them once no list can show them. */
  reap(): void {
    const now = this.tools.wall();
    if (now < this.#reapAt) return;
    this.#reapAt = Infinity;
    for (const id of this.#leaving) this.#reapAt = Math.min(this.#reapAt, this.#reapOne(this.table.get(id)!, now));
  }

  /** A row read back from the journal. */
  restore(id: string, row: ServerRecord | null): void {
    const before = this.table.get(id);
    this.table.restore(id, row);
    if (row === null) {
      if (before !== undefined) this.#leave(before);
      this.#leaving.delete(id);
    } else {
      if (before === undefined) this.#enter(row);
      if (row.deletedAt !== null) this.#leaving.add(id);
      this.#reapAt = -Infinity;
    }
  }

  /** When to look at it again. */
  #reapOne(row: ServerRecord, now: number): number {
    if (!isGone(row, now)) return row.goneAt ?? Infinity;
    this.#leave(row);
    const forgottenAt = row.goneAt! + row.lagMs;
    if (now < forgottenAt) return forgottenAt;
    this.#leaving.delete(row.id);
    this.table.remove(row.id);
    return Infinity;
  }

  #draft(wanted: CreateServerBody, dooms: readonly Doom[]): ServerRecord {
    const options = this.options();
    const { random } = this.tools;
    const flavor = options.flavors.find((it) => it.id === wanted.flavor || it.name === wanted.flavor);
    if (flavor === undefined) throw badRequest(`Invalid flavor ${wanted.flavor}`);
    const zone = wanted.zone ?? options.zones[0] ?? '';
    if (wanted.zone !== undefined && !options.zones.includes(zone)) {
      throw badRequest(`The requested availability zone is not available: ${zone}`);
    }
    this.images.requireBootable(wanted.image);
    const failure = dooms.find((it) => it.effect === 'boot-error');
    const hangs = dooms.some((it) => it.effect === 'boot-hang');
    const createdAt = this.tools.wall();
    return {
      id: random.hex(16),
      name: wanted.name,
      flavor,
      imageId: wanted.image,
      zone,
      networks: this.networking.resolve(wanted.networks).map((it) => it.id),
      metadata: wanted.metadata,
      keyName: wanted.key_name ?? null,
      securityGroups: wanted.security_groups,
      volumeGb: wanted.volume_gb ?? 0,
      createdAt,
      settlesAt: hangs ? null : createdAt + drawMs(options['boot-time'], random),
      outcome: failure === undefined ? 'ACTIVE' : 'ERROR',
      fault: failure?.message ?? null,
      deletedAt: null,
      goneAt: null,
      lagMs: Math.min(MAX_LAG_MS, drawMs(options['list-lag'], random)),
    };
  }

  #requireRoom(more: Usage): void {
    const after = addUsage(this.#usage, more);
    const { limits } = this.options();
    for (const key of ['instances', 'cores', 'ram', 'volumes', 'volume-gb'] as const) {
      if (limits[key] >= 0 && more[key] > 0 && after[key] > limits[key]) throw overQuota();
    }
  }

  #present(name: string): ServerRecord | undefined {
    const id = this.#byName.get(name);
    return id === undefined ? undefined : this.table.get(id);
  }

  /** The row, if the server exists now. */
  #require(id: string): ServerRecord {
    this.reap();
    const row = this.table.get(id);
    if (row === undefined || isGone(row, this.tools.wall())) throw noSuch('server', id);
    return row;
  }

  #enter(row: ServerRecord): void {
    this.#byName.set(row.name, row.id);
    this.#counted.add(row.id);
    this.#usage = addUsage(this.#usage, usageOf(row));
    this.tools.count(usageOf(row), row.metadata, 1);
  }

  #leave(row: ServerRecord): void {
    if (!this.#counted.delete(row.id)) return;
    if (this.#byName.get(row.name) === row.id) this.#byName.delete(row.name);
    this.#usage = addUsage(this.#usage, usageOf(row), -1);
    this.tools.count(usageOf(row), row.metadata, -1);
  }

  get #around() {
    return { networks: this.options().networks, publicAddress: (row: ServerRecord) => this.#publicAddress(row) };
  }

  #publicAddress(row: ServerRecord): string {
    return this.networking.handsOutAddresses ? (this.networking.addressOf(row.id)?.address ?? '') : 'fake';
  }

  #view(row: ServerRecord): ServerView {
    return viewAt(row, this.#around, this.tools.wall())!;
  }
}
