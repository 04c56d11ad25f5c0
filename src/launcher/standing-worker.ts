import type { StandingMachine } from '../config/standing-machine';
import type { KnownNode } from '../decide/node-index';
import {
  type DeregisterReason,
  isIdle,
  machineOfNode,
  type MachineVerdict,
  planMachine,
  type StandingAction,
} from '../decide/plan-standing';
import { standingNode } from '../decide/standing-node';
import type { StandingMachines } from '../drivers/driver';
import { LaunchFailedError, RefusedError } from '../drivers/errors';
import type { Node } from '../model/records';
import { wallSeconds } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { Reconciler } from '../runtime/reconcile';
import { ClaimLostError } from '../store/api';
import type { HeldLock } from '../zk/lock-api';
import { InFlight } from './in-flight';
import { MachineNodes } from './machine-nodes';
import type { LauncherTools } from './tools';
import type { World } from './world';

const FULL_PASS_MS = 60_000;
/** Where more is due than may be under way at a time, what ends nudges. */
const LEAST_PAUSE_MS = 50;
/** While it is not known whether the election still holds. */
const UNSURE_PAUSE_MS = 1000;

/** What the worker stands on. */
export interface StandingScope {
  readonly provider: string;
  /** As configured now; another object after each change of the configuration. */
  standing(): StandingMachines | undefined;
  /** The lock under which nodes of this provider are made, while it is ours. */
  term(): HeldLock | undefined;
  /** Aborts when the worker has to end. */
  readonly stopped: AbortSignal;
  nudge(): void;
}

/**
 * Keeps one node for each slot of each machine of a provider (drivers.md 7.2). Every launcher runs one; the one that is
 * elected looks at the machines and registers them, and each creation proves in its transaction that the election still
 * holds, so any number of launchers make each slot's node once. The others only know which machines they could not reach.
 */
export class StandingWorker implements Reconciler {
  readonly name: string;
  readonly #log: Logger;
  readonly #nodes: MachineNodes;
  readonly #checks: InFlight;
  readonly #writes: InFlight;
  readonly #verdicts = new Map<string, MachineVerdict>();
  /** Machines where something may be to be done; a full pass looks at all. */
  readonly #due = new Set<string>();
  #fullPassAtMs = -Infinity;
  #led = false;
  #machines = new Map<string, StandingMachine>();
  #standing: StandingMachines | undefined;
  #term: HeldLock | undefined;

  constructor(
    private readonly tools: LauncherTools,
    world: World,
    private readonly scope: StandingScope,
  ) {
    this.name = `machines of ${scope.provider}`;
    this.#log = tools.log.child({ logger: 'nodepool.StaticMachines' });
    this.#nodes = new MachineNodes(world, scope.provider, (machines) => {
      for (const it of machines) this.#due.add(it);
      scope.nudge();
    });
    this.#checks = new InFlight(
      tools,
      { name: 'check machine', atOnce: 500, firstMs: 2000, maxMs: 60_000 },
      scope.nudge,
    );
    this.#writes = new InFlight(
      tools,
      { name: 'write machine node', atOnce: 50, firstMs: 500, maxMs: 30_000 },
      scope.nudge,
    );
  }

  async pass(signal: AbortSignal): Promise<{ readonly againInMs: number }> {
    this.#follow(this.scope.standing());
    const term = this.scope.term();
    if (term !== undefined && term !== this.#term) {
      await this.tools.store.nodes.view().settled(signal); // what the one before us has made is seen before we make any
      this.#lookAgain();
    }
    this.#term = term;
    if (!this.#nodes.fresh) return { againInMs: FULL_PASS_MS };
    const leads = term?.isHeld() === true;
    const plan = this.#plan(leads);
    const wanted = new Set(plan.map(workKey));
    for (const work of [this.#checks, this.#writes]) work.keepOnly((key) => wanted.has(key));
    for (const action of plan) this.#start(action, term);
    if (term !== undefined && !leads) return { againInMs: UNSURE_PAUSE_MS };
    const nextInMs = Math.min(this.#checks.nextInMs(), this.#writes.nextInMs());
    return { againInMs: Math.min(FULL_PASS_MS, Math.max(LEAST_PAUSE_MS, nextInMs)) };
  }

  /** Whether the node may be handed out as far as is known: its machine is configured and was not found to be gone. */
  offers(node: KnownNode): boolean {
    const key = machineOfNode(node.record);
    return this.#machines.has(key) && this.#verdicts.get(key)?.kind !== 'unfit';
  }

  /** Whether the machines of all these nodes can be reached at this moment; those that cannot are not offered any more. */
  async reach(nodes: readonly string[], signal: AbortSignal): Promise<boolean> {
    this.#follow(this.scope.standing());
    const machines = new Set(nodes.map((it) => this.#machineOf(it)));
    const reached = await Promise.all([...machines].map((it) => this.#reach(it, signal)));
    return reached.every(Boolean);
  }

  /** Resolves when nothing is under way any more. */
  async end(): Promise<void> {
    this.#nodes.close();
    await Promise.all([this.#checks.ended(), this.#writes.ended()]);
  }

  /** What is to be done at machines where something has changed, or is still to be done. */
  #plan(leads: boolean): StandingAction[] {
    const nowMs = this.tools.clock.monotonic();
    const question = {
      machines: this.#machines,
      nodes: this.#nodes.byMachine,
      verdicts: this.#verdicts,
      nowMs,
      leads,
    };
    if (leads !== this.#led || nowMs - this.#fullPassAtMs >= FULL_PASS_MS) {
      for (const keys of [this.#machines, this.#nodes.byMachine]) for (const it of keys.keys()) this.#due.add(it);
      this.#fullPassAtMs = nowMs;
      this.#led = leads;
    }
    return [...this.#due].flatMap((key) => {
      const actions = planMachine(key, question);
      if (actions.length === 0) this.#due.delete(key);
      return actions;
    });
  }

  #judge(machine: StandingMachine, verdict: MachineVerdict): void {
    this.#verdicts.set(machine.key, verdict);
    this.#due.add(machine.key);
  }

  /** Nothing is known about the machines any more. */
  #lookAgain(): void {
    this.#verdicts.clear();
    this.#fullPassAtMs = -Infinity;
  }

  #follow(standing: StandingMachines | undefined): void {
    if (standing === this.#standing) return;
    this.#standing = standing;
    this.#machines = new Map(standing?.machines.map((it) => [it.key, it]));
    this.#lookAgain();
    for (const work of [this.#checks, this.#writes]) work.keepOnly(() => false); // what failed may do so no longer
  }

  #machineOf(node: string): StandingMachine | undefined {
    const known = this.#nodes.get(node);
    return known === undefined ? undefined : this.#machines.get(machineOfNode(known.record));
  }

  async #reach(machine: StandingMachine | undefined, signal: AbortSignal): Promise<boolean> {
    if (machine === undefined || this.#standing === undefined) return false;
    try {
      await this.#standing.reach(machine, signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!this.#isCurrent(machine) || this.#mayHaveStoodStill()) return false;
      this.#judge(machine, { kind: 'unfit' });
      this.#warn('machine cannot be reached, it is taken out of service', machine, error);
      this.scope.nudge();
      return false;
    }
  }

  #start(action: StandingAction, term: HeldLock | undefined): void {
    if (action.kind === 'check') this.#check(action.machine);
    else if (action.kind === 'register') {
      if (term !== undefined) this.#register(action, term);
    } else if (action.kind === 'update') {
      this.#change(action.node, action.change, 'node of a machine was updated', { fields: Object.keys(action.change) });
    } else this.#deregister(action.node, action.reason);
  }

  #check(machine: StandingMachine): void {
    const standing = this.#standing;
    if (standing === undefined) return;
    const work = async () => {
      try {
        const facts = await standing.check(machine, this.scope.stopped);
        if (!this.#isCurrent(machine)) return true;
        if (this.#verdicts.get(machine.key)?.kind === 'unfit') this.#info('machine is fit again', machine);
        this.#judge(machine, { kind: 'fit', facts, atMs: this.tools.clock.monotonic() });
        return true;
      } catch (error) {
        if (!this.#isCurrent(machine)) return true;
        if (this.#mayHaveStoodStill()) return false;
        this.#judge(machine, { kind: 'unfit' });
        throw error;
      }
    };
    this.#checks.start(workKey({ kind: 'check', machine }), work, (error) =>
      this.#warn('machine is not fit to be registered, it is tried again', machine, error),
    );
  }

  #register(action: Extract<StandingAction, { kind: 'register' }>, term: HeldLock): void {
    const { machine, slot, facts } = action;
    this.#begin(workKey(action), 'machine could not be registered', machine, async () => {
      const { store, clock } = this.tools;
      const record = standingNode(this.scope.provider, machine, slot, facts, wallSeconds(clock));
      const node = await store.nodes.register(record, [term.guard()], this.scope.stopped);
      await store.nodes.view().settled(this.scope.stopped); // until it is seen the slot must not look empty again
      this.#info('machine is registered', machine, { node, slot });
      return true;
    });
  }

  #deregister(node: string, reason: DeregisterReason): void {
    this.#change(node, { state: 'deleting' }, 'node of a machine is taken out of service', { reason });
  }

  /** Writes to a node that nobody uses; false when somebody does after all. */
  #change(node: string, change: Partial<Node>, message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#begin(node, 'node of a machine could not be changed', undefined, async () => {
      const claim = await this.tools.store.nodes.claim(node, this.scope.stopped);
      if (claim === undefined) return false;
      try {
        if (!isIdle({ record: claim.current.record, locked: false })) return true;
        await claim.writeAndRelease(change);
        this.#log.info(message, { provider: this.scope.provider, node, ...fields });
        return true;
      } finally {
        await claim.release();
      }
    });
  }

  #begin(key: string, message: string, machine: StandingMachine | undefined, work: () => Promise<boolean>): void {
    this.#writes.start(key, work, (error) => {
      if (error instanceof ClaimLostError || this.scope.stopped.aborted || this.#term?.signal.aborted === true) return;
      this.#warn(message, machine, error);
    });
  }

  /**
   * Whether this process may have been stopped for a while: then a limit of time has passed for it and not for the machine,
   * whose answer waits unread.
   */
  #mayHaveStoodStill(): boolean {
    return this.tools.store.zk.session?.isLeased() !== true;
  }

  /** False for what was found out about a machine that is configured otherwise by now. */
  #isCurrent(machine: StandingMachine): boolean {
    this.#follow(this.scope.standing());
    return !this.scope.stopped.aborted && this.#machines.get(machine.key) === machine;
  }

  #info(message: string, machine: StandingMachine, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#log.info(message, { ...place(this.scope.provider, machine), ...fields });
  }

  #warn(message: string, machine: StandingMachine | undefined, error: unknown): void {
    const expected = error instanceof LaunchFailedError || error instanceof RefusedError;
    const why = expected ? { reason: error.reason, cause: rootCause(error) } : { err: error };
    this.#log.warn(message, { ...place(this.scope.provider, machine), ...why });
  }
}

/** What may be under way only once at a time. */
function workKey(action: StandingAction): string {
  if (action.kind === 'check') return action.machine.key;
  return action.kind === 'register' ? `${action.machine.key} ${action.slot}` : action.node;
}

/** What the network said in the end: `connect ECONNREFUSED …`. */
function rootCause(error: Error): string | undefined {
  let { cause } = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  return cause instanceof Error ? cause.message : undefined;
}

function place(provider: string, machine: StandingMachine | undefined) {
  return machine === undefined
    ? { provider }
    : { provider, pool: machine.pool, machine: machine.name, port: machine.connectionPort };
}
