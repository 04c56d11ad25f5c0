import type { MachineFacts, StandingMachine } from '../config/standing-machine';
import { machineKey } from '../config/standing-machine';
import type { Node } from '../model/records';
import type { KnownNode } from './node-index';
import { standingDifferences } from './standing-node';
import { assignStandingSlots } from './standing-slots';

/** What the last look at a machine has shown. */
export type MachineVerdict =
  { readonly kind: 'fit'; readonly facts: MachineFacts; readonly atMs: number } | { readonly kind: 'unfit' };

export type DeregisterReason = 'not configured' | 'surplus' | 'check failed';

export type StandingAction =
  /** Look at the machine; its verdict decides what is next. */
  | { readonly kind: 'check'; readonly machine: StandingMachine }
  /** Make a node for an empty slot. */
  | {
      readonly kind: 'register';
      readonly machine: StandingMachine;
      readonly slot: number;
      readonly facts: MachineFacts;
    }
  /** Make an unused node say what is configured. */
  | { readonly kind: 'update'; readonly node: string; readonly change: Partial<Node> }
  /** Give an unused node to the deleters. */
  | { readonly kind: 'deregister'; readonly node: string; readonly reason: DeregisterReason };

export interface StandingQuestion {
  /** By `machineKey`. */
  readonly machines: ReadonlyMap<string, StandingMachine>;
  /** Every node of the provider, by the machine that it stands for. */
  readonly nodes: ReadonlyMap<string, readonly KnownNode[]>;
  /** By `machineKey`; absent: not looked at under this configuration. */
  readonly verdicts: ReadonlyMap<string, MachineVerdict>;
  /** Milliseconds of the clock that the verdicts carry. */
  readonly nowMs: number;
  /**
   * Whether this launcher is the one that registers. The others only look again at machines that they could not reach
   * when they were about to hand them out.
   */
  readonly leads: boolean;
}

/** How long a look at a machine is good enough to register it. */
const FRESH_MS = 2000;

/**
 * What is to be done so that each slot of each machine has one node (drivers.md 7.2). A slot is empty only when no record
 * is left in it, so a machine never works for more than its `max-parallel-jobs`; nodes that somebody holds or was promised
 * are left alone until they are used up.
 */
export function planStanding(question: StandingQuestion): StandingAction[] {
  const keys = new Set([...question.machines.keys(), ...question.nodes.keys()]);
  return [...keys].flatMap((it) => planMachine(it, question));
}

/** The part of `planStanding` that concerns one machine, configured or not: what happens to the others does not change it. */
export function planMachine(key: string, question: StandingQuestion): StandingAction[] {
  const machine = question.machines.get(key);
  const nodes = question.nodes.get(key) ?? [];
  if (machine !== undefined) return planConfigured(machine, nodes, question);
  return question.leads ? deregister(nodes, 'not configured') : [];
}

/** The machine that a node stands for. */
export function machineOfNode({ hostname, externalId, username, connectionPort }: Node): string {
  const name = hostname ?? (typeof externalId === 'string' ? externalId : null);
  return machineKey(name, username, connectionPort);
}

/** `ready`, promised to nobody, held by nobody. */
export function isIdle({ record, locked }: Pick<KnownNode, 'record' | 'locked'>): boolean {
  return record.state === 'ready' && record.allocatedTo === null && !locked;
}

function planConfigured(
  machine: StandingMachine,
  nodes: readonly KnownNode[],
  { verdicts, leads, nowMs }: StandingQuestion,
): StandingAction[] {
  const check: StandingAction = { kind: 'check', machine };
  const verdict = verdicts.get(machine.key);
  if (verdict?.kind === 'unfit') return [...deregister(nodes, 'check failed'), check];
  if (!leads) return [];
  const { slots, surplus } = assignStandingSlots(nodes, machine.slots);
  const leaving = deregister(surplus, 'surplus');
  if (verdict === undefined) return [...leaving, check];
  const updates = slots.flatMap((node, slot) => update(node, machine, slot, verdict.facts));
  const empty = [...slots.keys()].filter((slot) => slots[slot] === undefined);
  if (empty.length === 0) return [...leaving, ...updates];
  if (nowMs - verdict.atMs > FRESH_MS) return [...leaving, ...updates, check];
  const { facts } = verdict;
  const registrations = empty.map((slot): StandingAction => ({ kind: 'register', machine, slot, facts }));
  return [...leaving, ...updates, ...registrations];
}

function update(
  node: KnownNode | undefined,
  machine: StandingMachine,
  slot: number,
  facts: MachineFacts,
): StandingAction[] {
  if (node === undefined || !isIdle(node)) return [];
  const change = standingDifferences(node.record, machine, slot, facts);
  return Object.keys(change).length === 0 ? [] : [{ kind: 'update', node: node.id, change }];
}

function deregister(nodes: readonly KnownNode[], reason: DeregisterReason): StandingAction[] {
  return nodes.filter(isIdle).map(({ id }) => ({ kind: 'deregister', node: id, reason }));
}
