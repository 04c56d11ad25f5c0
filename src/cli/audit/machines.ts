import type { StandingMachine } from '../../config/standing-machine';
import type { KnownNode } from '../../decide/node-index';
import { machineOfNode } from '../../decide/plan-standing';
import { assignStandingSlots } from '../../decide/standing-slots';
import type { Finding } from '../../views/findings';
import { IN_MOTION, type Records } from './records';

/** The machines of one provider, as its part of the configuration says (drivers.md 7). */
export interface MachineListing {
  readonly machines: readonly StandingMachine[];
  /** Entries that name a machine a second time. */
  readonly repeated: readonly StandingMachine[];
}

/**
 * Where machines that are configured and node records disagree: no machine is asked. A slot is missing if no record stands in it
 * before and after; one whose node is on its way out is not, for nothing may be registered there yet.
 */
export function machineFindings(
  provider: string,
  { machines, repeated }: MachineListing,
  before: Records,
  after: Records,
): readonly Finding[] {
  const [known, now] = [nodesByMachine(provider, before), nodesByMachine(provider, after)];
  const configured = new Set(machines.map((it) => it.key));
  const strays = [...now].filter(([key]) => !configured.has(key)).flatMap(([, nodes]) => nodes.filter(isSettled));
  return [
    ...repeated.map((it) => ofMachine(provider, it, 'configured twice', `again in pool ${it.pool}`)),
    ...machines.flatMap((it) => missingSlots(provider, it, known.get(it.key) ?? [], now.get(it.key) ?? [])),
    ...strays.map((it) => ofNode(it, 'node without machine', 'no such machine is configured')),
    ...machines.flatMap((it) => surplusNodes(it, now.get(it.key) ?? [])),
  ];
}

function nodesByMachine(provider: string, { nodes }: Records): ReadonlyMap<string, readonly KnownNode[]> {
  const groups = new Map<string, KnownNode[]>();
  for (const it of nodes.values()) {
    if (it.record?.provider !== provider) continue;
    const key = machineOfNode(it.record);
    const group = groups.get(key);
    const node = { ...it, record: it.record };
    if (group === undefined) groups.set(key, [node]);
    else group.push(node);
  }
  return groups;
}

function missingSlots(
  provider: string,
  machine: StandingMachine,
  before: readonly KnownNode[],
  after: readonly KnownNode[],
): Finding[] {
  const [known, now] = [before, after].map((it) => assignStandingSlots(it, machine.slots).slots);
  const missing = [...now!.keys()].filter((it) => known![it] === undefined && now![it] === undefined);
  if (missing.length === 0) return [];
  const slots = machine.slots === 1 ? '' : `, slot ${missing.join(', ')} of ${machine.slots}, counted from 0`;
  return [ofMachine(provider, machine, 'machine without node', `pool ${machine.pool}${slots}`)];
}

function surplusNodes(machine: StandingMachine, nodes: readonly KnownNode[]): Finding[] {
  const { slots, surplus } = assignStandingSlots(nodes, machine.slots);
  const others = slots.flatMap((it) => it?.id ?? []).join(', ');
  const detail = `machine has ${machine.slots} slot(s)${others === '' ? '' : `, taken by ${others}`}`;
  return surplus.filter(isSettled).map((it) => ofNode(it, 'node without slot', detail));
}

function isSettled({ record }: KnownNode): boolean {
  return !IN_MOTION.has(record.state);
}

function ofMachine(provider: string, machine: StandingMachine, problem: Finding['problem'], detail: string): Finding {
  const { name, username, connectionPort } = machine;
  return { provider, resource: 'machine', id: `${username}@${name}:${connectionPort}`, name, problem, detail };
}

function ofNode({ id, record }: KnownNode, problem: Finding['problem'], why: string): Finding {
  const { provider, hostname, externalId, state, username, connectionPort } = record;
  const name = hostname ?? (typeof externalId === 'string' ? externalId : null);
  const port = typeof connectionPort === 'number' ? `:${connectionPort}` : ''; // else it may hold secrets (cli.md 4.2)
  const detail = `state ${state}, ${username ?? ''}@${name ?? ''}${port}: ${why}`;
  return { provider: provider ?? '', resource: 'node', id, name, problem, detail };
}
