import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../runtime/clock';
import type { Json } from '../../model/json';
import type { Random } from '../../runtime/random';
import { Account } from './account';
import { CallRecord } from './call-record';
import { drawMs } from './draw';
import { FaultPlan, Throttle } from './fault-plan';
import {
  type AccountOptions,
  accountOptions,
  DEFAULT_OPTIONS,
  type Fault,
  fault as faultSchema,
  type Operation,
} from './options';
import { type Answer, carryOut, textsOf } from './operations';
import type { ServerRecord } from './model';
import { Peaks } from './peaks';
import { checked, Refusal } from './refusal';
import type { Change } from './tables';

/** One call of a client. */
export interface Call {
  readonly account: string;
  readonly operation: Operation;
  /** Of the thing it is about, where that has an id already. */
  readonly id?: string;
  readonly body?: unknown;
  readonly client?: string;
}

/** What becomes of a call: the answer, and whether and when the client gets it. */
export interface Reply extends Answer {
  readonly delayMs: number;
  readonly delivery: 'reply' | 'drop' | 'hang';
  readonly retryAfterSeconds?: number;
}

export interface CloudTools {
  readonly clock: Pick<Clock, 'wall'>;
  readonly random: Random;
  /** Told of every change of state, before the call that made it returns. */
  readonly onChange?: (change: Change) => void;
}

interface Desk {
  readonly account: Account;
  plan: FaultPlan;
  throttle: Throttle | undefined;
}

/**
 * A simulated cloud: a state machine that moves only when called and knows time only from its clock, so the same calls
 * at the same times with the same seed have the same outcome. An account comes into being when it is first named.
 */
export class Cloud {
  readonly calls = new CallRecord();
  readonly #desks = new Map<string, Desk>();
  readonly #peaks: Peaks;
  #now = 0;
  #restoring = false;

  constructor(private readonly tools: CloudTools) {
    this.#peaks = new Peaks((change) => this.#tell(change));
  }

  /** Carries out a call. The effect is there when this returns; `delayMs` says when the client may learn of it. */
  perform(call: Call): Reply {
    this.#tick();
    const desk = this.#desk(call.account);
    const reply = this.#refusedByThrottle(desk) ?? this.#answer(desk, call);
    this.calls.add({
      at: this.#now,
      account: call.account,
      operation: call.operation,
      subject: call.id ?? textsOf(desk.account, call)[0] ?? '',
      status: reply.status,
      delivery: reply.delivery,
      client: call.client ?? '',
      made: call.operation.startsWith('create-') ? idIn(reply.body) : '',
    });
    return reply;
  }

  /** The answer to a question as it would be now: no record, no fault, no delay. For those who wait for a change. */
  peek(call: Call): Answer {
    this.#tick();
    return this.#carryOut(this.#desk(call.account), call, []);
  }

  /**
   * Replaces the options of an account; keys that are absent get their defaults. Counts of faults begin anew, unless
   * nothing differs: another client with the same file changes nothing.
   */
  configure(account: string, options: unknown): void {
    this.#tick();
    const wanted = checked(accountOptions, options);
    const desk = this.#desk(account, wanted);
    if (isDeepStrictEqual(wanted, desk.account.options)) return;
    desk.account.configure(wanted);
    this.#refit(desk);
  }

  /** Changes some options of an account and keeps the others. */
  adjust(account: string, changes: Partial<AccountOptions>): void {
    this.configure(account, { ...this.options(account), ...changes });
  }

  options(account: string): AccountOptions {
    return this.#desk(account).account.options;
  }

  /** Lets a fault strike from now on, besides those configured. Not kept over a restart. */
  injectFault(account: string, fault: unknown): void {
    this.#desk(account).plan.add(checked<Fault>(faultSchema, fault));
  }

  /** Figures for tests and people. */
  inspect(): { accounts: Record<string, Json>; peaks: Record<string, Json>; calls: Record<string, number> } {
    this.#tick();
    const accounts = [...this.#desks].map(([name, { account }]) => [
      name,
      {
        usage: { ...account.usage },
        images: account.images.table.size,
        ports: account.networking.ports.size,
        floating_ips: account.networking.floatingIps.size,
      },
    ]);
    return {
      accounts: Object.fromEntries(accounts) as Record<string, Json>,
      peaks: this.#peaks.all() as unknown as Record<string, Json>,
      calls: this.calls.counts(),
    };
  }

  account(name: string): Account {
    return this.#desk(name).account;
  }

  /** Puts a change from the journal in place without telling anybody. */
  restore(change: Change): void {
    this.#restoring = true;
    try {
      this.#tick(latestMoment(change));
      if (change.table === 'peaks') return this.#peaks.table.restore(change.key, change.row as never);
      const desk = this.#desk(change.account);
      desk.account.restore(change);
      if (change.table === 'options') this.#refit(desk);
    } finally {
      this.#restoring = false;
    }
  }

  /** The whole state as changes that would make it. */
  *snapshot(): Generator<Change> {
    for (const { account } of this.#desks.values()) yield* account.rows();
    for (const [key, row] of this.#peaks.table.entries()) yield { account: '', table: 'peaks', key, row };
  }

  #answer(desk: Desk, call: Call): Reply {
    const faults = desk.plan.strike(call.operation, () => textsOf(desk.account, call));
    const delayMs = this.#latency(desk, call.operation);
    const blocked = faults.map((it) => refusalOf(it, delayMs)).find((it) => it !== undefined);
    if (blocked !== undefined) return blocked;
    const answer = this.#carryOut(desk, call, faults);
    const delivery = faults.some((it) => it.effect === 'lost-reply') ? 'drop' : 'reply';
    return { ...answer, delayMs, delivery };
  }

  #carryOut(desk: Desk, call: Call, faults: readonly Fault[]): Answer {
    try {
      if (call.operation === 'create-server') for (const it of this.#desks.values()) it.account.servers.reap();
      return carryOut(desk.account, call, faults);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, body: { error: error.message } };
    }
  }

  #refusedByThrottle(desk: Desk): Reply | undefined {
    const waitSeconds = desk.throttle?.take(this.#now) ?? 0;
    return waitSeconds === 0 ? undefined : tooMany(waitSeconds, 0);
  }

  #latency(desk: Desk, operation: Operation): number {
    const { latency } = desk.account.options;
    const distribution = latency[operation] ?? latency['*'];
    return distribution === undefined ? 0 : drawMs(distribution, this.tools.random);
  }

  /** `options` are those of an account that is not there yet. */
  #desk(name: string, options: AccountOptions = DEFAULT_OPTIONS): Desk {
    const present = this.#desks.get(name);
    if (present !== undefined) return present;
    const account = new Account(name, {
      wall: () => this.#now,
      random: this.tools.random,
      tell: (change) => this.#tell(change),
      count: (usage, metadata, sign) =>
        this.#peaks.count(this.#scopes(account, metadata), usage, sign, this.#restoring),
    });
    const desk: Desk = { account, plan: new FaultPlan([], this.tools.random), throttle: undefined };
    this.#desks.set(name, desk);
    if (this.#restoring) return desk;
    account.open(options);
    this.#refit(desk);
    return desk;
  }

  #scopes(account: Account, metadata: Readonly<Record<string, string>>): string[] {
    const keys = account.options['peak-keys'].filter((it) => metadata[it] !== undefined);
    return [`account:${account.name}`, ...keys.map((it) => `${it}=${metadata[it]}`)];
  }

  #refit(desk: Desk): void {
    const { faults, throttle } = desk.account.options;
    desk.plan = new FaultPlan(faults, this.tools.random);
    desk.throttle = throttle === undefined ? undefined : new Throttle(throttle.rate, throttle.burst, this.#now);
  }

  /** Time stands still during a call, and never goes back: not behind what was written before a restart either. */
  #tick(notBefore = 0): void {
    this.#now = Math.max(this.#now, notBefore, this.tools.clock.wall());
  }

  #tell(change: Change): void {
    if (!this.#restoring) this.tools.onChange?.(change);
  }
}

function idIn(body: Json): string {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : '';
  return typeof id === 'string' ? id : '';
}

function latestMoment({ table, row }: Change): number {
  if (table !== 'servers' || row === null) return 0;
  const { createdAt, deletedAt } = row as ServerRecord;
  return Math.max(createdAt, deletedAt ?? 0);
}

/** The reply of a fault that keeps a call from being carried out. */
function refusalOf(fault: Fault, delayMs: number): Reply | undefined {
  switch (fault.effect) {
    case 'error':
      return { status: fault.status, body: { error: fault.message }, delayMs, delivery: 'reply' };
    case 'throttle':
      return tooMany(fault['retry-after'], delayMs);
    case 'lost-request':
      return { status: 0, body: null, delayMs, delivery: 'drop' };
    case 'hang':
      return { status: 0, body: null, delayMs, delivery: 'hang' };
    default:
      return undefined;
  }
}

function tooMany(waitSeconds: number, delayMs: number): Reply {
  const body = { error: 'Too many requests' };
  return { status: 429, body, delayMs, delivery: 'reply', retryAfterSeconds: waitSeconds };
}
