import { machineFindings } from '../../../src/cli/audit/machines';
import type { StandingMachine } from '../../../src/config/standing-machine';
import { standingNode } from '../../../src/decide/standing-node';
import type { Node } from '../../../src/model/records';
import type { NodeEntry } from '../../../src/store/api';
import { nodeFact } from '../../support/node-facts';
import { MACHINE_FACTS, standingMachine } from '../../support/standing-machine';

const machine = (name: string, changes: Partial<StandingMachine> = {}) => standingMachine({ name, ...changes });

/** A node as a launcher registers it. */
function registered(id: string, of: string, slot = 0, changes: Partial<Node> = {}): NodeEntry {
  const record = { ...standingNode('racks', machine(of), slot, MACHINE_FACTS, 1000), ...changes };
  return { ...nodeFact(id, record), version: 0, mzxid: 0n, changedAt: 0 };
}

const recordsOf = (nodes: readonly NodeEntry[]) => ({
  nodes: new Map(nodes.map((it) => [it.id, it])),
  images: new Map(),
});

interface Case {
  readonly machines?: readonly StandingMachine[];
  readonly repeated?: readonly StandingMachine[];
  readonly before?: readonly NodeEntry[];
  readonly nodes?: readonly NodeEntry[];
  readonly found: readonly (readonly [id: string, problem: string, detail: string])[];
}

const [one, two] = [machine('rack1'), machine('rack1', { slots: 2 })];
const ready = registered('0000000001', 'rack1');

test.each<[string, Case]>([
  ['one node for one machine', { machines: [one], nodes: [ready], found: [] }],
  ['no node', { machines: [one], found: [['zuul@rack1:22', 'machine without node', 'pool main']] }],
  ['no node at the first look', { machines: [one], before: [], nodes: [ready], found: [] }],
  ['no node at the second look', { machines: [one], before: [ready], nodes: [], found: [] }],
  [
    'one of two slots is empty',
    {
      machines: [two],
      nodes: [registered('0000000001', 'rack1', 1)],
      found: [['zuul@rack1:22', 'machine without node', 'pool main, slot 0 of 2, counted from 0']],
    },
  ],
  [
    'another user, another port: another machine',
    {
      machines: [one],
      nodes: [ready, registered('0000000002', 'rack1', 0, { username: 'root' })],
      found: [['0000000002', 'node without machine', 'state ready, root@rack1:22: no such machine is configured']],
    },
  ],
  [
    'a slot whose node is being deleted is not missing',
    { machines: [one], nodes: [registered('0000000001', 'rack1', 0, { state: 'deleting' })], found: [] },
  ],
  [
    'a node of no slot number fills one',
    { machines: [one], nodes: [registered('0000000001', 'rack1', 0, { slot: null })], found: [] },
  ],
  [
    'nodes that are being deleted are neither stray nor surplus',
    {
      machines: [one],
      nodes: [
        ready,
        registered('0000000002', 'rack1', 0, { state: 'deleting' }),
        registered('0000000003', 'gone', 0, { state: 'deleting' }),
      ],
      found: [],
    },
  ],
  [
    'the machine is not configured any more, its node is in use',
    {
      nodes: [registered('0000000001', 'rack1', 0, { state: 'in-use' })],
      found: [['0000000001', 'node without machine', 'state in-use, zuul@rack1:22: no such machine is configured']],
    },
  ],
  [
    'two nodes for one slot: the one in use stands in it',
    {
      machines: [one],
      nodes: [ready, registered('0000000002', 'rack1', 0, { state: 'in-use' })],
      found: [
        ['0000000001', 'node without slot', 'state ready, zuul@rack1:22: machine has 1 slot(s), taken by 0000000002'],
      ],
    },
  ],
  [
    'no slots',
    {
      machines: [machine('rack1', { slots: 0 })],
      nodes: [ready],
      found: [['0000000001', 'node without slot', 'state ready, zuul@rack1:22: machine has 0 slot(s)']],
    },
  ],
  [
    'a port that is no number may be a secret',
    {
      nodes: [registered('0000000001', 'rack1', 0, { connectionPort: { token: 'x' } })],
      found: [['0000000001', 'node without machine', 'state ready, zuul@rack1: no such machine is configured']],
    },
  ],
  [
    'nodes of other providers do not count',
    {
      machines: [one],
      nodes: [registered('0000000001', 'rack1', 0, { provider: 'others' })],
      found: [['zuul@rack1:22', 'machine without node', 'pool main']],
    },
  ],
  [
    'configured twice',
    {
      machines: [one],
      repeated: [machine('rack1', { pool: 'other' })],
      nodes: [ready],
      found: [['zuul@rack1:22', 'configured twice', 'again in pool other']],
    },
  ],
])('%s', (_title, { machines = [], repeated = [], nodes = [], before = nodes, found }) => {
  const findings = machineFindings('racks', { machines, repeated }, recordsOf(before), recordsOf(nodes));
  expect(findings.map((it) => [it.id, it.problem, it.detail])).toEqual(found);
});
