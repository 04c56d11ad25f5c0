import { pick, type Random } from '../../src/runtime/random';
import type { CreateMode, Op, ReadOp, Stat, WatchEvent, WatchHandle, Watcher, ZooKeeper } from '../../src/zk/client';
import { ZkError } from '../../src/zk/errors';

/** Where a script runs: the model or a real server. */
export interface Stage {
  connect(slot: number): ZooKeeper;
  suspend(slot: number): void;
  resume(slot: number): void;
}

/** What happened in one step, in a form that two stages can be compared by: zxids are ranks, owners are names. */
export interface StepRecord {
  readonly step: string;
  readonly outcome: unknown;
  readonly events: readonly string[];
}

interface Slot {
  zk: ZooKeeper;
  suspended: boolean;
  /** Paths of persistent watches: no one-shot may be set there (zookeeper-client 3.9). */
  readonly persistent: Map<string, WatchHandle>;
  readonly oneShot: { readonly path: string; readonly watcher: Watcher }[];
}

const MODES: readonly CreateMode[] = [
  'persistent',
  'persistent',
  'ephemeral',
  'persistent-sequential',
  'ephemeral-sequential',
  'container',
  'persistent-ttl',
];

/**
 * Runs `steps` random steps by three clients, one step at a time. The same seed makes the same steps: choices depend on the
 * random numbers and on the names that the stage gave to sequential znodes, which must be equal.
 */
export async function runScript(stage: Stage, base: string, random: Random, steps: number): Promise<StepRecord[]> {
  const script = new Script(stage, base, random);
  await script.open();
  const records: StepRecord[] = [];
  for (let at = 0; at < steps; at += 1) records.push(await script.step());
  await script.close();
  return rankZxids(records);
}

class Script {
  readonly #slots: Slot[] = [];
  readonly #owners = new Map<bigint, string>();
  readonly #paths: string[];
  #events: string[] = [];
  #watchers = 0;

  constructor(
    private readonly stage: Stage,
    private readonly base: string,
    private readonly random: Random,
  ) {
    this.#paths = ['', '/a', '/b', '/a/x', '/a/y', '/b/x', '/a/x/deep'].map((it) => base + it);
  }

  async open(): Promise<void> {
    for (const slot of [0, 1, 2]) await this.#connect(slot);
    await this.#slots[0]!.zk.create(this.base, Buffer.alloc(0));
  }

  async close(): Promise<void> {
    for (const [at, slot] of this.#slots.entries()) {
      if (slot.suspended) this.stage.resume(at);
      await slot.zk.connected();
      await slot.zk.close();
    }
  }

  async step(): Promise<StepRecord> {
    const at = Math.floor(this.random.next() * 3);
    const slot = this.#slots[at]!;
    const [name, run] = this.#choose(at, slot);
    const outcome = await run().then(
      (value) => this.#plain(value),
      (error: unknown) => plainError(error),
    );
    for (const it of this.#slots) if (!it.suspended) await it.zk.sync('/');
    await new Promise((done) => setImmediate(done));
    const events = this.#events;
    this.#events = [];
    return { step: `${at}: ${name}`, outcome, events: inOrder(events, /^(close|resume)/.test(name)) };
  }

  #choose(at: number, slot: Slot): [string, () => Promise<unknown>] {
    const dice = this.random.next();
    if (slot.suspended) return ['resume', () => this.#resume(at, slot)];
    if (dice < 0.02 && !this.#slots.some((it) => it.suspended)) return ['suspend', () => this.#suspend(at, slot)];
    if (dice < 0.04) return ['close', () => this.#reopen(at, slot)];
    if (dice < 0.34) return this.#create(slot.zk);
    if (dice < 0.55) return this.#read(at, slot);
    if (dice < 0.65) return this.#set(slot.zk);
    if (dice < 0.77) return this.#delete(slot.zk);
    if (dice < 0.87) return this.#transaction(slot.zk);
    if (dice < 0.93) return this.#watch(at, slot);
    return this.#other(slot.zk);
  }

  #create(zk: ZooKeeper): [string, () => Promise<unknown>] {
    const mode = pick(this.random, MODES);
    const path = mode.includes('sequential') ? `${this.#path()}/${pick(this.random, ['', 'n-'])}` : this.#path();
    const options = mode.endsWith('ttl') ? { mode, ttlMs: 3_600_000 } : { mode };
    return [
      `create ${path} ${mode}`,
      async () => {
        const made = await zk.create(path, this.#data(), options);
        if (!this.#paths.includes(made.path)) this.#paths.push(made.path);
        return made;
      },
    ];
  }

  #read(at: number, slot: Slot): [string, () => Promise<unknown>] {
    const op = pick(this.random, ['get', 'exists', 'children'] as const);
    const path = this.#path();
    const watched = this.random.next() < 0.6 && !slot.persistent.has(path);
    if (!watched) return [`${op} ${path}`, () => slot.zk[op](path)];
    const watcher = this.#watcher(at, op);
    slot.oneShot.push({ path, watcher });
    return [`${op} ${path} watched`, () => slot.zk[op](path, { watcher })];
  }

  #set(zk: ZooKeeper): [string, () => Promise<unknown>] {
    const [path, version, data] = [this.#path(), this.#version(), this.#data()];
    return [`set ${path} v${version}`, () => zk.set(path, data, version)];
  }

  #delete(zk: ZooKeeper): [string, () => Promise<unknown>] {
    const [path, version] = [this.#path(), this.#version()];
    return [`delete ${path} v${version}`, () => zk.delete(path, version)];
  }

  #transaction(zk: ZooKeeper): [string, () => Promise<unknown>] {
    const ops = Array.from({ length: Math.floor(this.random.next() * 5) }, () => this.#op());
    return [`transaction ${JSON.stringify(ops.map(({ op, path }) => `${op} ${path}`))}`, () => zk.transaction(ops)];
  }

  #op(): Op {
    const [path, version, data] = [this.#path(), this.#version(), this.#data()];
    const versioned = version === undefined ? {} : { version };
    const kind = pick(this.random, ['create', 'set', 'delete', 'check'] as const);
    if (kind === 'create') {
      const mode = pick(this.random, ['persistent', 'ephemeral', 'persistent-sequential'] as const);
      return { op: 'create', path: mode.includes('seq') ? `${path}/t-` : path, data, mode };
    }
    return kind === 'set' ? { op: 'set', path, data, ...versioned } : { op: kind, path, ...versioned };
  }

  #watch(at: number, slot: Slot): [string, () => Promise<unknown>] {
    const path = this.#path();
    const handle = slot.persistent.get(path);
    if (handle !== undefined) {
      slot.persistent.delete(path);
      return [`unwatch ${path}`, () => handle.close()];
    }
    const armed = slot.oneShot[Math.floor(this.random.next() * slot.oneShot.length)];
    const isTaken = slot.oneShot.some((it) => it.path === path);
    if (armed !== undefined && (isTaken || this.random.next() < 0.3)) {
      slot.oneShot.splice(slot.oneShot.indexOf(armed), 1);
      return [`remove watcher ${armed.path}`, () => slot.zk.removeWatcher(armed.path, armed.watcher)];
    }
    const mode = pick(this.random, ['persistent', 'persistent-recursive'] as const);
    const watcher = this.#watcher(at, mode);
    return [
      `watch ${path} ${mode}`,
      async () => void slot.persistent.set(path, await slot.zk.addWatch(path, mode, watcher)),
    ];
  }

  #other(zk: ZooKeeper): [string, () => Promise<unknown>] {
    const path = this.#path();
    const reads = Array.from({ length: 4 }, (): ReadOp => ({
      op: pick(this.random, ['get', 'children']),
      path: this.#path(),
    }));
    const permission = pick(this.random, [31, 31, 29, 27, 23]);
    const acl = [{ permission, scheme: 'world', id: 'anyone' }];
    return pick<[string, () => Promise<unknown>]>(this.random, [
      [`multiRead ${JSON.stringify(reads)}`, () => zk.multiRead(reads)],
      [`count ${path}`, () => zk.countDescendants(path)],
      ['ephemerals', async () => (await zk.ephemerals(this.base)).toSorted()],
      [`getAcl ${path}`, () => zk.getAcl(path)],
      [`setAcl ${path} ${permission}`, () => zk.setAcl(path, acl, this.random.next() < 0.5 ? undefined : 0)],
      [`bad path`, () => zk.create(`${path}//x`, Buffer.alloc(0))],
    ]);
  }

  // ------------------------------------------------------------------------------------------------ clients

  async #connect(at: number): Promise<void> {
    const zk = this.stage.connect(at);
    const session = await zk.connected();
    this.#owners.set(session.id, `session ${this.#owners.size}`);
    this.#slots[at] = { zk, suspended: false, persistent: new Map(), oneShot: [] };
  }

  async #reopen(at: number, slot: Slot): Promise<void> {
    await slot.zk.close();
    await this.#connect(at);
  }

  async #suspend(at: number, slot: Slot): Promise<void> {
    slot.suspended = true;
    this.stage.suspend(at);
    await untilState(slot.zk, 'suspended');
  }

  async #resume(at: number, slot: Slot): Promise<void> {
    slot.suspended = false;
    this.stage.resume(at);
    await slot.zk.connected();
  }

  // ------------------------------------------------------------------------------------------------ values

  #path(): string {
    return pick(this.random, this.random.next() < 0.8 ? this.#paths.slice(0, 7) : this.#paths);
  }

  #version(): number | undefined {
    return pick(this.random, [undefined, undefined, 0, 1, 2]);
  }

  #data(): Buffer {
    return Buffer.from('x'.repeat(Math.floor(this.random.next() * 5)));
  }

  #watcher(at: number, kind: string): Watcher {
    this.#watchers += 1;
    const id = this.#watchers;
    return (event: WatchEvent) => this.#events.push(`${at} ${kind}#${id}: ${event.type} ${event.path}`);
  }

  #plain(value: unknown): unknown {
    if (Buffer.isBuffer(value)) return value.toString();
    if (value instanceof Error) return plainError(value);
    if (Array.isArray(value)) return value.map((it) => this.#plain(it));
    if (typeof value !== 'object' || value === null) return value;
    if ('czxid' in value) return this.#plainStat(value as Stat);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        key === 'children' ? [...(inner as string[])].sort() : this.#plain(inner),
      ]),
    );
  }

  #plainStat(stat: Stat): object {
    const { czxid, mzxid, pzxid, ephemeralOwner, ctime: _ctime, mtime: _mtime, ...plain } = stat;
    return { ...plain, zxids: [czxid, mzxid, pzxid], owner: this.#owners.get(ephemeralOwner) ?? ephemeralOwner };
  }
}

/** Between clients there is no order; within one there is, but for a session's end and for what is told after a reconnect. */
function inOrder(events: readonly string[], unordered: boolean): string[] {
  return unordered ? events.toSorted() : events.toSorted((a, b) => a.charCodeAt(0) - b.charCodeAt(0));
}

function plainError(error: unknown): object {
  if (!(error instanceof ZkError)) throw error;
  return { code: error.code, path: error.path, failedOp: error.failedOp };
}

function untilState(zk: ZooKeeper, wanted: string): Promise<void> {
  return new Promise((done) => {
    const look = () => {
      if (zk.state !== wanted) return;
      stop();
      done();
    };
    const stop = zk.onState(look);
    look();
  });
}

/** Replaces every zxid by its rank among all of the run. */
function rankZxids(records: readonly StepRecord[]): StepRecord[] {
  const zxids = new Set<bigint>();
  visit(records, (it) => void zxids.add(it));
  const ranks = new Map([...zxids].sort((a, b) => (a < b ? -1 : 1)).map((it, rank) => [it, rank]));
  return visit(records, (it) => ranks.get(it)) as StepRecord[];
}

function visit(value: unknown, onZxid: (zxid: bigint) => unknown, key = ''): unknown {
  if (key === 'zxids') return (value as bigint[]).map(onZxid);
  if (Array.isArray(value)) return value.map((it) => visit(it, onZxid));
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? value.toString() : value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, visit(inner, onZxid, name)]));
}
