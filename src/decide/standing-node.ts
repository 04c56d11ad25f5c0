import { sameValue } from '../config/same-value';
import type { MachineFacts, StandingMachine } from '../config/standing-machine';
import { newNode } from '../model/node-record';
import type { Node } from '../model/records';

/** `launcher` of every node that stands for a machine (drivers.md 7.2). */
export const STATIC_LAUNCHER = 'static driver';

/** The record of a slot's new node: ready from the beginning, with the fields of drivers.md 7.2 and no others. */
export function standingNode(
  provider: string,
  machine: StandingMachine,
  slot: number,
  facts: MachineFacts,
  nowSeconds: number,
): Node {
  return newNode({
    provider,
    state: 'ready',
    stateTime: nowSeconds,
    launcher: STATIC_LAUNCHER,
    externalId: machine.name,
    hostname: machine.name,
    interfaceIp: machine.name,
    publicIpv4: facts.publicIpv4,
    publicIpv6: facts.publicIpv6,
    ...configured(machine),
    hostKeys: facts.hostKeys,
    slot,
  });
}

/** What to write so that a node says what is configured and was found; empty when it does. Keys count as a set. */
export function standingDifferences(
  node: Node,
  machine: StandingMachine,
  slot: number,
  facts: MachineFacts,
): Partial<Node> {
  const wanted = { ...configured(machine), hostKeys: facts.hostKeys, slot };
  const differing = (Object.keys(wanted) as (keyof typeof wanted)[]).filter((key) =>
    key === 'hostKeys' ? !isSameSet(node.hostKeys, facts.hostKeys) : !isSame(node[key], wanted[key]),
  );
  return Object.fromEntries(differing.map((key) => [key, wanted[key]]));
}

function configured(machine: StandingMachine) {
  return {
    pool: machine.pool,
    type: machine.labels,
    username: machine.username,
    connectionPort: machine.connectionPort,
    connectionType: machine.connectionType,
    pythonPath: machine.pythonPath,
    shellType: machine.shellType,
    attributes: machine.attributes,
  } satisfies Partial<Node>;
}

/** By what would be written: whether a mapping comes from the file or from a record makes no difference. */
function isSame(one: unknown, other: unknown): boolean {
  if (sameValue(one, other)) return true;
  if (typeof one !== 'object' || one === null) return false;
  return sameValue(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)));
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  if (one.length === other.length && one.every((it, at) => it === other[at])) return true;
  const [left, right] = [new Set(one), new Set(other)];
  return left.size === right.size && [...left].every((it) => right.has(it));
}
