import { fc } from '../../support/property';
import { choosePurge } from '../../../src/decide/choose-purge';
import { groupByLabel, type NodeSetQuestion, planNodeSet } from '../../../src/decide/plan-nodes';
import { nodeFact } from '../../support/node-facts';

const open = (...labels: readonly string[]) => labels.map((label, slot) => ({ slot, label }));

function question(changes: Partial<NodeSetQuestion> = {}): NodeSetQuestion {
  return {
    open: open('small'),
    reuse: true,
    zone: undefined,
    free: () => [],
    need: () => ({ instances: 1 }),
    rooms: [{ limits: { instances: 2 }, used: {} }],
    canLaunch: true,
    ...changes,
  };
}

const free = (...nodes: readonly (readonly [string, string | null])[]) => {
  const facts = nodes.map(([id, az]) => nodeFact(id, { az }));
  return () => facts;
};

test('labels are grouped in order of first appearance, and keep their slots', () => {
  expect(groupByLabel(open('a', 'b', 'a')).map((it) => [it.slot, it.label])).toEqual([
    [0, 'a'],
    [2, 'a'],
    [1, 'b'],
  ]);
});

test.each([
  ['launches what is not there', question(), ['launch 0']],
  ['takes the ready node', question({ free: free(['1', null]) }), ['reuse 0 1']],
  ['not if it wants new ones', question({ free: free(['1', null]), reuse: false }), ['launch 0']],
  [
    'takes no node twice',
    question({ open: open('small', 'small'), free: free(['1', null]) }),
    ['reuse 0 1', 'launch 1'],
  ],
  ['fills the limit exactly', question({ open: open('small', 'small') }), ['launch 0', 'launch 1']],
  ['is short of one', question({ open: open('small', 'small', 'small') }), 'instances'],
  [
    'reuse needs no room',
    question({ rooms: [{ limits: { instances: 1 }, used: { instances: 1 } }], free: free(['1', null]) }),
    ['reuse 0 1'],
  ],
  [
    'any room may be short',
    question({
      rooms: [
        { limits: {}, used: {} },
        { limits: { cores: 3 }, used: {} },
      ],
      need: () => ({ cores: 4 }),
    }),
    'cores',
  ],
  [
    'stays in the zone with most ready nodes',
    question({ open: open('small', 'small'), free: free(['1', 'az1'], ['2', 'az2'], ['3', 'az2']) }),
    ['reuse 0 2', 'reuse 1 3'],
  ],
  ['stays in the zone that is fixed', question({ zone: 'az1', free: free(['2', 'az2'], ['1', 'az1']) }), ['reuse 0 1']],
  ['leaves nodes of other zones alone', question({ zone: 'az3', free: free(['2', 'az2']) }), ['launch 0']],
  ['without launches, none is there', question({ canLaunch: false }), 'nodes'],
])('%s', (_title, given, expected) => {
  const plan = planNodeSet(given);
  const said =
    plan.kind === 'short'
      ? plan.resource
      : plan.picks.map((it) => (it.kind === 'reuse' ? `reuse ${it.slot} ${it.node}` : `launch ${it.slot}`));
  expect(said).toEqual(expected);
});

test('what is short takes nothing, and spares the ready nodes that it will take', () => {
  const plan = planNodeSet(question({ open: open('small', 'small', 'small', 'small'), free: free(['1', null]) }));
  expect(plan).toEqual({ kind: 'short', resource: 'instances', spared: new Set(['1']) });
});

test('as many nodes without a zone as in any zone: still never two zones in one set', () => {
  const facts = [nodeFact('0', { az: 'az2' }), nodeFact('1', { az: 'az1' }), nodeFact('2', { az: null })];
  const plan = planNodeSet(
    question({ open: open('a', 'a'), free: () => facts, rooms: [{ limits: { instances: 1 }, used: {} }] }),
  );
  expect(plan).toMatchObject({
    kind: 'complete',
    zone: 'az2',
    picks: [{ kind: 'reuse', node: '0' }, { kind: 'launch' }],
  });
});

test('a complete plan fills every slot once, within every room', () => {
  const labels = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 6 });
  const zones = fc.array(fc.constantFrom('az1', 'az2', null), { maxLength: 8 });
  fc.assert(
    fc.property(
      labels,
      zones,
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 0, max: 6 }),
      (wanted, azs, limit, used) => {
        const facts = azs.map((az, number) => nodeFact(String(number), { az }));
        const plan = planNodeSet(
          question({
            open: open(...wanted),
            free: (label) => (label === 'a' ? facts : []),
            rooms: [{ limits: { instances: limit }, used: { instances: used } }],
          }),
        );
        if (plan.kind === 'short') return;
        expect(plan.picks.map((it) => it.slot).sort()).toEqual(wanted.map((_label, slot) => slot));
        expect(plan.picks.every((it) => it.label === wanted[it.slot])).toBe(true);
        const launches = plan.picks.filter((it) => it.kind === 'launch').length;
        if (launches > 0) expect(used + launches).toBeLessThanOrEqual(limit);
        const reused = plan.picks.flatMap((it) => (it.kind === 'reuse' ? [it.node] : []));
        expect(new Set(reused).size).toBe(reused.length);
        const inZones = new Set(reused.map((it) => facts[Number(it)]!.record.az).filter((it) => it !== null));
        expect(inZones.size).toBeLessThanOrEqual(1);
      },
    ),
  );
});

const purge = (changes: Partial<Parameters<typeof choosePurge>[0]> = {}) =>
  choosePurge({
    provider: 'fake-east',
    pool: 'main',
    ready: [nodeFact('2', { stateTime: 20 }), nodeFact('1', { stateTime: 10 })],
    garbage: [],
    spared: new Set(),
    tenant: null,
    nowSeconds: 1000,
    ...changes,
  });
const ofAcme = nodeFact('3', { tenantName: 'acme', stateTime: 30 });

test.each([
  ['the oldest', purge(), '1'],
  ['for a tenant, the oldest that counts as its own', purge({ tenant: 'acme', ready: [nodeFact('1'), ofAcme] }), '3'],
  ['for a tenant without unused nodes, none', purge({ tenant: 'acme' }), undefined],
  [
    "another tenant's on its way out makes no room for a tenant",
    purge({ tenant: 'acme', ready: [ofAcme], garbage: [nodeFact('1', { state: 'deleting', stateTime: 999 })] }),
    '3',
  ],
  ['not one that will be used', purge({ spared: new Set(['1']) }), '2'],
  ['not one of another pool', purge({ ready: [nodeFact('1', { pool: 'other' })] }), undefined],
  ['not one that is held', purge({ ready: [nodeFact('1', {}, { locked: true })] }), undefined],
  ['not one that is allocated', purge({ ready: [nodeFact('1', { allocatedTo: '200-1' })] }), undefined],
  ['one at a time', purge({ garbage: [nodeFact('3', { state: 'deleting', stateTime: 701 })] }), undefined],
  ['a used one will make room, too', purge({ garbage: [nodeFact('3', { state: 'used', stateTime: 999 })] }), undefined],
  [
    'a deletion that takes too long does not count',
    purge({ garbage: [nodeFact('3', { state: 'deleting', stateTime: 700 })] }),
    '1',
  ],
  [
    'nor one of another pool',
    purge({ garbage: [nodeFact('3', { state: 'deleting', stateTime: 999, pool: 'other' })] }),
    '1',
  ],
  [
    'nor a node at work',
    purge({ garbage: [nodeFact('3', { state: 'in-use', stateTime: 999 }, { locked: true })] }),
    '1',
  ],
])('purge: %s', (_title, chosen, expected) => {
  expect(chosen).toBe(expected);
});
