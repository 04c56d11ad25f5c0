import { type AgeQuestion, planAgedNodes } from '../../../src/decide/age-limits';
import { planLeaks } from '../../../src/decide/leak-sightings';
import { type KnownNode, type NodeFact, NodeIndex } from '../../../src/decide/node-index';
import { type DeletionQuestion, planDeletions } from '../../../src/decide/plan-deletions';
import type { Node } from '../../../src/model/records';
import { NODE_STATES } from '../../../src/model/records';
import { nodeFact } from '../../support/node-facts';

function index(...facts: readonly NodeFact[]): NodeIndex {
  const nodes = new NodeIndex(() => undefined);
  for (const it of facts) nodes.put(it.id, it);
  return nodes;
}

function deletions(facts: readonly NodeFact[], changes: Partial<DeletionQuestion> = {}): string[] {
  return planDeletions({
    nodes: index(...facts),
    providers: new Set(['fake-east']),
    requestExists: (it) => it === '200-1',
    willContinue: () => false,
    emptyAge: 60,
    nowSeconds: 1000,
    ...changes,
  }).map((it) => `${it.kind} ${it.node}`);
}

const GARBAGE = ['used', 'in-use', 'building', 'failed', 'deleting', 'deleted', 'aborted'];

test.each(NODE_STATES.map((it) => [it]))('an unlocked node in state %s', (state) => {
  expect(deletions([nodeFact('1', { state, allocatedTo: '200-1' })])).toEqual(
    GARBAGE.includes(state) ? ['delete 1'] : [],
  );
});

const empty = (createdAt: number, locked = false): NodeFact => ({
  id: '1',
  record: undefined,
  broken: 'empty',
  locked,
  createdAt,
});

test.each<readonly [string, NodeFact, Partial<DeletionQuestion>, readonly string[]]>([
  ['locked', nodeFact('1', { state: 'used' }, { locked: true }), {}, []],
  ['of a provider of others', nodeFact('1', { state: 'used', provider: 'other' }), {}, []],
  ['that somebody will continue', nodeFact('1', { state: 'building' }), { willContinue: () => true }, []],
  ['ready, of a request that is gone', nodeFact('1', { allocatedTo: '200-9' }), {}, ['free 1']],
  ['ready, of a request that lives', nodeFact('1', { allocatedTo: '200-1' }), {}, []],
  ['ready, of a request that is gone, locked', nodeFact('1', { allocatedTo: '200-9' }, { locked: true }), {}, []],
  ['on hold, of a request that is gone', nodeFact('1', { state: 'hold', allocatedTo: '200-9' }), {}, []],
  ['init, of a request that is gone', nodeFact('1', { state: 'init', allocatedTo: '200-9' }), {}, ['delete 1']],
  ['init, of nobody', nodeFact('1', { state: 'init' }), {}, ['delete 1']],
  ['init, quite new', nodeFact('1', { state: 'init' }, { createdAt: 941 }), {}, []],
  ['without data', empty(0), {}, ['erase 1']],
  ['without data, quite new', empty(941), {}, []],
  ['without data, locked', empty(0, true), {}, []],
  ['that cannot be read', { ...empty(0), broken: 'not JSON' }, {}, []],
])('a node %s', (_title, fact, changes, expected) => {
  expect(deletions([fact], changes)).toEqual(expected);
});

test('what was carried out is not planned again', () => {
  const facts: NodeFact[] = [
    nodeFact('1', { state: 'used' }),
    nodeFact('2', { allocatedTo: '200-9' }),
    nodeFact('3', { state: 'init' }),
    { ...empty(0), id: '4' },
  ];
  const nodes = index(...facts);
  const question = { providers: new Set(['fake-east']), requestExists: () => false, willContinue: () => false };
  const plan = () => planDeletions({ ...question, nodes, emptyAge: 60, nowSeconds: 1000 });
  for (const action of plan()) {
    const record: Node | undefined = nodes.get(action.node)?.record;
    nodes.put(
      action.node,
      action.kind === 'free' ? nodeFact(action.node, { ...record, allocatedTo: null }) : undefined,
    );
  }
  expect(plan()).toEqual([]);
  expect(nodes.size).toBe(1);
});

function aged(node: KnownNode, changes: Partial<AgeQuestion> = {}) {
  const { tooOld, nextAt } = planAgedNodes({
    nodes: index(node),
    providers: new Set(['fake-east']),
    maxReadyAge: new Map([['small', 100]]),
    maxHoldAge: 500,
    isEmptied: undefined,
    nowSeconds: 1100,
    ...changes,
  });
  return [tooOld.map((it) => it.node), nextAt];
}

const held = (holdExpiration: number | null) => nodeFact('1', { state: 'hold', stateTime: 1000, holdExpiration });

test.each<readonly [string, KnownNode, Partial<AgeQuestion>, readonly unknown[]]>([
  ['ready, at the age', nodeFact('1', { stateTime: 1000 }), {}, [['1'], undefined]],
  ['ready, a moment before', nodeFact('1', { stateTime: 1000.5 }), {}, [[], 1100.5]],
  ['ready, of a label without limit', nodeFact('1', { stateTime: 0, type: ['big'] }), {}, [[], undefined]],
  ['ready, with one label that has', nodeFact('1', { stateTime: 0, type: ['big', 'small'] }), {}, [['1'], undefined]],
  ['ready, allocated', nodeFact('1', { stateTime: 0, allocatedTo: '200-1' }), {}, [[], undefined]],
  ['ready, locked', nodeFact('1', { stateTime: 0 }, { locked: true }), {}, [[], undefined]],
  ['of another provider', nodeFact('1', { stateTime: 0, provider: 'x' }), {}, [[], undefined]],
  [
    'ready, in a pool that is emptied',
    nodeFact('1', { stateTime: 1100 }),
    { isEmptied: () => true },
    [['1'], undefined],
  ],
  [
    'allocated, in a pool that is emptied',
    nodeFact('1', { allocatedTo: '200-1' }),
    { isEmptied: () => true },
    [[], undefined],
  ],
  ['held, in a pool that is emptied', held(null), { isEmptied: () => true }, [[], 1500]],
  ['held, its own time is over', held(100), {}, [['1'], undefined]],
  ['held, its own time is not', held(101), {}, [[], 1101]],
  ['held longer than is allowed', held(10_000), { nowSeconds: 1500 }, [['1'], undefined]],
  ['held without a time of its own', held(null), {}, [[], 1500]],
  ['held, 0 means none', held(0), {}, [[], 1500]],
  ['held without any limit', held(0), { maxHoldAge: Infinity }, [[], undefined]],
])('age: %s', (_title, node, changes, expected) => {
  expect(aged(node, changes)).toEqual(expected);
});

describe('leaks', () => {
  const listed = [
    { key: 'a', node: '1' },
    { key: 'b', node: '2' },
    { key: 'd', node: undefined },
  ];
  const run = (before: ReadonlySet<string>) =>
    planLeaks(listed, (it) => (it === '1' ? nodeFact('1').record : undefined), before);

  test('what is ours without a node is remembered first, and deleted when seen again', () => {
    const first = run(new Set());
    expect(first.leaked).toEqual([]);
    const second = run(first.seen);
    expect(second.leaked.map((it) => it.key)).toEqual(['b']);
  });

  test('what was seen before but is no leak now is left alone', () => {
    expect(run(new Set(['a', 'd'])).leaked).toEqual([]);
  });

  test.each<readonly [string, Partial<Node>, readonly string[], readonly string[]]>([
    ['its own and another', {}, ['i1', 'i2'], ['i2']],
    ['in use, its own and two others', { state: 'in-use' }, ['i1', 'i2', 'i3'], ['i2', 'i3']],
    ['being launched: which is its own may change', { state: 'building' }, ['i1', 'i2'], []],
    ['being deleted: that takes all', { state: 'deleting' }, ['i1', 'i2'], []],
    ['only another, and its own is not listed: ids may be told in another way', {}, ['i2'], []],
  ])('a node with %s', (_title, changes, ids, leaked) => {
    const instances = ids.map((it) => ({ key: JSON.stringify(it), node: '1' }));
    const owner = nodeFact('1', { externalId: 'i1', ...changes }).record;
    const plan = planLeaks(instances, () => owner, new Set(instances.map((it) => it.key)));
    expect(plan.leaked.map((it) => it.key)).toEqual(leaked.map((it) => JSON.stringify(it)));
  });

  test('a record that cannot be read may be the owner', () => {
    expect(planLeaks(listed, () => 'unreadable', new Set(['a', 'b'])).leaked).toEqual([]);
  });
});
