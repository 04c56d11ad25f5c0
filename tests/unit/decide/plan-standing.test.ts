import { fc } from '../../support/property';
import type { StandingMachine } from '../../../src/config/standing-machine';
import type { KnownNode } from '../../../src/decide/node-index';
import {
  isIdle,
  machineOfNode,
  type MachineVerdict,
  planStanding,
  type StandingAction,
} from '../../../src/decide/plan-standing';
import { standingNode } from '../../../src/decide/standing-node';
import { assignStandingSlots } from '../../../src/decide/standing-slots';
import { NODE_STATES, type Node } from '../../../src/model/records';
import { nodeFact } from '../../support/node-facts';
import { MACHINE_FACTS as facts, standingMachine as machine } from '../../support/standing-machine';

const fit: MachineVerdict = { kind: 'fit', facts, atMs: 0 };

/** A node as this launcher registers it. */
function registered(id: string, changes: Partial<Node> = {}, locked = false, of = machine()): KnownNode {
  return nodeFact(id, { ...standingNode('racks', of, 0, facts, 1000), ...changes }, { locked });
}

function byMachine(nodes: Iterable<KnownNode>): ReadonlyMap<string, readonly KnownNode[]> {
  const groups = new Map<string, KnownNode[]>();
  for (const it of nodes) {
    const key = machineOfNode(it.record);
    groups.set(key, [...(groups.get(key) ?? []), it]);
  }
  return groups;
}

const byKey = (machines: readonly StandingMachine[]) => new Map(machines.map((it) => [it.key, it]));

interface Case {
  readonly machines?: readonly StandingMachine[];
  readonly nodes?: readonly KnownNode[];
  readonly verdict?: MachineVerdict;
  readonly nowMs?: number;
  readonly leads?: boolean;
}

function plan({ machines = [machine()], nodes = [], verdict, nowMs = 0, leads = true }: Case): string[] {
  const verdicts = new Map(verdict === undefined ? [] : machines.map((it) => [it.key, verdict]));
  return planStanding({ machines: byKey(machines), nodes: byMachine(nodes), verdicts, nowMs, leads }).map(
    describeAction,
  );
}

function describeAction(action: StandingAction): string {
  if (action.kind === 'check') return `check ${action.machine.name}`;
  if (action.kind === 'register') return `register ${action.machine.name}/${action.slot}`;
  if (action.kind === 'update') return `update ${action.node} ${Object.keys(action.change).sort().join()}`;
  return `deregister ${action.node}: ${action.reason}`;
}

const other = machine({ name: 'rack2' });
const unfit: MachineVerdict = { kind: 'unfit' };

test.each<[string, Case, string[]]>([
  ['a machine that was not looked at', {}, ['check rack1']],
  ['one that was not looked at, though registered', { nodes: [registered('1')] }, ['check rack1']],
  ['fit and not registered', { verdict: fit }, ['register rack1/0']],
  ['fit a moment ago', { verdict: fit, nowMs: 2000 }, ['register rack1/0']],
  ['fit, too long ago to register', { verdict: fit, nowMs: 2001 }, ['check rack1']],
  ['fit and registered', { verdict: fit, nodes: [registered('1')], nowMs: 9e9 }, []],
  [
    'one slot of three is empty',
    {
      machines: [machine({ slots: 3 })],
      verdict: fit,
      nodes: [registered('1'), registered('2', { slot: 2 })],
    },
    ['register rack1/1'],
  ],
  ['no slots at all', { machines: [machine({ slots: 0 })], verdict: fit }, []],
  ['not fit', { verdict: unfit, nodes: [registered('1')] }, ['deregister 1: check failed', 'check rack1']],
  ['not fit, and in use', { verdict: unfit, nodes: [registered('1', { state: 'in-use' }, true)] }, ['check rack1']],
  ['not fit, and promised', { verdict: unfit, nodes: [registered('1', { allocatedTo: '200-1' })] }, ['check rack1']],
  ['not configured any more', { machines: [], nodes: [registered('1')] }, ['deregister 1: not configured']],
  ['not configured, locked', { machines: [], nodes: [registered('1', {}, true)] }, []],
  ['not configured, held', { machines: [], nodes: [registered('1', { state: 'hold' })] }, []],
  [
    'another user is another machine',
    { machines: [machine({ username: 'root' })], nodes: [registered('1')] },
    ['check rack1', 'deregister 1: not configured'],
  ],
  ['more nodes than slots', { verdict: fit, nodes: [registered('1'), registered('2')] }, ['deregister 2: surplus']],
  [
    'more nodes than slots, and the younger one is in use',
    { verdict: fit, nodes: [registered('1'), registered('2', { state: 'in-use' }, true)] },
    ['deregister 1: surplus'],
  ],
  [
    'more nodes than slots, and one is on its way out already',
    { verdict: fit, nodes: [registered('1', { state: 'deleting' }, true), registered('2')] },
    [],
  ],
  [
    'a record on its way out still fills its slot',
    { verdict: fit, nodes: [registered('1', { state: 'deleting' })] },
    [],
  ],
  ['used, not yet deleted', { verdict: fit, nodes: [registered('1', { state: 'used' })] }, []],
  [
    'a node without a slot takes the free one',
    { verdict: fit, nodes: [registered('1', { slot: null })] },
    ['update 1 slot'],
  ],
  [
    'a node beyond the slots moves to a free one',
    { verdict: fit, nodes: [registered('1', { slot: 7 })] },
    ['update 1 slot'],
  ],
  [
    'one in use fills a slot, whatever its number',
    { verdict: fit, nodes: [registered('1', { slot: 7, state: 'in-use' }, true)] },
    [],
  ],
  [
    'the configuration differs',
    {
      machines: [
        machine({ labels: ['a', 'b'], connectionType: 'network_cli', shellType: 'sh', attributes: { zone: 'x' } }),
      ],
      verdict: fit,
      nodes: [registered('1')],
    },
    ['update 1 attributes,connectionType,shellType,type'],
  ],
  [
    'it differs, but the node is promised',
    { machines: [machine({ pythonPath: '/py' })], verdict: fit, nodes: [registered('1', { allocatedTo: '200-1' })] },
    [],
  ],
  [
    'moved to another pool',
    { machines: [machine({ pool: 'next' })], verdict: fit, nodes: [registered('1')] },
    ['update 1 pool'],
  ],
  [
    'other keys were found',
    { verdict: fit, nodes: [registered('1', { hostKeys: ['ssh-rsa B'] })] },
    ['update 1 hostKeys'],
  ],
  [
    'Python lists a key several times',
    { verdict: fit, nodes: [registered('1', { hostKeys: ['ssh-ed25519 AAAA', 'ssh-ed25519 AAAA'] })] },
    [],
  ],
  [
    'a machine that fails holds no other',
    { machines: [machine(), other], verdict: fit, nodes: [registered('1', { slot: 0 })] },
    ['register rack2/0'],
  ],
  ['another launcher leads', { leads: false, machines: [machine(), other], nodes: [registered('1', { slot: 5 })] }, []],
  [
    'another leads; not fit as seen from here',
    { leads: false, verdict: unfit, nodes: [registered('1')] },
    ['deregister 1: check failed', 'check rack1'],
  ],
])('%s', (_title, question, wanted) => {
  expect(plan(question)).toEqual(wanted);
});

test('a new node has the fields of drivers.md 7.2 and no others', () => {
  const wanted = machine({ labels: ['a', 'b'], shellType: 'cmd', attributes: { zone: 'x' }, slots: 4 });
  const record = standingNode('racks', wanted, 3, { ...facts, publicIpv4: null, publicIpv6: '2001:db8::1' }, 1234.5);
  const given = Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
  );
  expect(given).toEqual({
    state: 'ready',
    stateTime: 1234.5,
    createdTime: 1234.5,
    provider: 'racks',
    pool: 'main',
    type: ['a', 'b'],
    launcher: 'static driver',
    externalId: 'rack1',
    hostname: 'rack1',
    interfaceIp: 'rack1',
    publicIpv6: '2001:db8::1',
    username: 'zuul',
    connectionPort: 22,
    connectionType: 'ssh',
    pythonPath: 'auto',
    shellType: 'cmd',
    hostKeys: ['ssh-ed25519 AAAA'],
    attributes: { zone: 'x' },
    slot: 3,
  });
});

// ------------------------------------------------------------------------------------------------ properties

const anyNode = (id: number) =>
  fc
    .record({
      of: fc.constantFrom('rack1', 'rack2', 'unheard-of'),
      state: fc.oneof({ weight: 3, arbitrary: fc.constant('ready' as const) }, fc.constantFrom(...NODE_STATES)),
      slot: fc.option(fc.integer({ min: 0, max: 4 })),
      allocatedTo: fc.option(fc.constant('200-0000000001'), { freq: 5 }),
      locked: fc.boolean(),
      type: fc.constantFrom(['metal'], ['other']),
    })
    .map(({ of, locked, ...changes }) => registered(String(id), changes, locked, machine({ name: of })));
const anyNodes = fc
  .nat({ max: 8 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_it, at) => anyNode(at))));
const anySituation = fc.record({
  nodes: anyNodes.map((it) => it as KnownNode[]),
  slots: fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })),
  fitness: fc.tuple(fc.boolean(), fc.boolean()),
});

/** Carries out a plan as launchers and deleters do, in one go. */
function carryOut(
  actions: readonly StandingAction[],
  nodes: Map<string, KnownNode>,
  verdicts: Map<string, MachineVerdict>,
  isFit: (it: StandingMachine) => boolean,
) {
  for (const action of actions) {
    if (action.kind === 'check') verdicts.set(action.machine.key, isFit(action.machine) ? fit : unfit);
    else if (action.kind === 'register') {
      const id = `new-${nodes.size}-${action.machine.name}-${action.slot}`;
      nodes.set(id, nodeFact(id, standingNode('racks', action.machine, action.slot, action.facts, 2000)));
    } else if (action.kind === 'update') {
      const node = nodes.get(action.node)!;
      nodes.set(node.id, { ...node, record: { ...node.record, ...action.change } });
    } else nodes.delete(action.node);
  }
}

test('carried out again and again, nothing is left to do but to look at machines that are not fit', () => {
  fc.assert(
    fc.property(anySituation, ({ nodes: start, slots, fitness }) => {
      const machines = [machine({ slots: slots[0] }), machine({ name: 'rack2', slots: slots[1] })];
      const isFit = (it: StandingMachine) => fitness[it.name === 'rack1' ? 0 : 1];
      const nodes = new Map(start.map((it) => [it.id, it]));
      const verdicts = new Map<string, MachineVerdict>();
      const next = () =>
        planStanding({ machines: byKey(machines), nodes: byMachine(nodes.values()), verdicts, nowMs: 0, leads: true });
      for (let round = 0; round < 4; round += 1) carryOut(next(), nodes, verdicts, isFit);
      expect(next().map(describeAction)).toEqual(machines.filter((it) => !isFit(it)).map((it) => `check ${it.name}`));
      for (const it of machines) {
        const own = [...nodes.values()].filter((node) => node.record.hostname === it.name);
        const { slots: filled, surplus } = assignStandingSlots(own, it.slots);
        expect((isFit(it) ? surplus : own).filter(isIdle)).toEqual([]);
        if (isFit(it)) expect(filled).not.toContain(undefined);
      }
    }),
  );
});

test('nodes that are not idle are never touched, and no slot is registered that a record fills', () => {
  fc.assert(
    fc.property(anySituation, fc.boolean(), ({ nodes, slots }, leads) => {
      const machines = [machine({ slots: slots[0] }), machine({ name: 'rack2', slots: slots[1] })];
      const verdicts = new Map(machines.map((it, at) => [it.key, at === 0 ? fit : unfit]));
      for (const action of planStanding({
        machines: byKey(machines),
        nodes: byMachine(nodes),
        verdicts,
        nowMs: 0,
        leads,
      })) {
        if (action.kind === 'update' || action.kind === 'deregister') {
          const node = nodes.find((it) => it.id === action.node)!;
          expect([node.record.state, node.record.allocatedTo, node.locked]).toEqual(['ready', null, false]);
        } else if (action.kind === 'register') {
          expect(leads).toBe(true);
          const own = nodes.filter((it) => it.record.hostname === action.machine.name);
          expect(own.length).toBeLessThan(action.machine.slots);
          expect(own.map((it) => it.record.slot)).not.toContain(action.slot);
        }
      }
    }),
  );
});
