import type { PoolFact } from '../../../src/decide/choose-requests';
import { assignSlots, type LostQuestion, planLostRequest } from '../../../src/decide/lost-requests';
import { isOutstandingMinReady, MIN_READY_REQUESTOR, planMinReady } from '../../../src/decide/plan-min-ready';
import { nodeFact, request, requestFact } from '../../support/node-facts';

const registered = (provider: string): PoolFact => ({
  id: `${provider}-id`,
  provider,
  labels: new Set(['small']),
  priority: 100,
  paused: false,
});

function lost(changes: Partial<LostQuestion> = {}) {
  return planLostRequest({
    record: request({ state: 'pending' }),
    nodes: [nodeFact('1', { state: 'building', allocatedTo: '200-1' })],
    own: [{ provider: 'fake-east', pool: 'main', labels: new Set(['small']) }],
    pools: [registered('fake-east')],
    lostFor: 0,
    patience: 20,
    ...changes,
  }).kind;
}

const elsewhere = [{ provider: 'other', pool: 'main', labels: new Set(['small']) }];

test.each<readonly [string, Partial<LostQuestion>, string]>([
  ['with a building node of ours', {}, 'adopt'],
  ['with a ready node of ours', { nodes: [nodeFact('1')] }, 'adopt'],
  ['without nodes', { nodes: [] }, 'reset'],
  ['with garbage only', { nodes: [nodeFact('1', { state: 'failed' })] }, 'reset'],
  ['with nodes of a pool of others, just now', { own: elsewhere }, 'wait'],
  ['with nodes of a pool of others, for long', { own: elsewhere, lostFor: 20 }, 'reset'],
  ['with nodes of a pool that is gone', { own: elsewhere, pools: [registered('third')] }, 'reset'],
  ['for a label that our pool has lost', { record: request({ nodeTypes: ['small', 'big'] }) }, 'reset'],
  ['with nodes of two pools', { nodes: [nodeFact('1'), nodeFact('2', { pool: 'other' })] }, 'reset'],
])('a lost request %s', (_title, changes, expected) => {
  expect(lost(changes)).toBe(expected);
});

test('each node gets a slot of a label that it has, in order of its id', () => {
  const nodes = [nodeFact('3', { type: ['a'] }), nodeFact('1', { type: ['b'] }), nodeFact('2', { type: ['a'] })];
  expect([...assignSlots(['a', 'c', 'a', 'b', 'a'], nodes)]).toEqual([
    [0, '2'],
    [2, '3'],
    [3, '1'],
  ]);
});

const label = (name: string, minReady: number) => ({ name, minReady, maxReadyAge: 0, pools: [] });
const own = (state: 'requested' | 'pending' | 'fulfilled' | 'failed', name = 'small') =>
  requestFact('900-1', { state, nodeTypes: [name], requestor: MIN_READY_REQUESTOR });

function missing(changes: Partial<Parameters<typeof planMinReady>[0]> = {}) {
  return planMinReady({
    labels: [label('small', 3), label('big', 0), label('none', -1)],
    requests: [],
    freeCount: () => 0,
    imageReady: () => true,
    resting: new Set(),
    ...changes,
  }).create.map((it) => `${it.count} ${it.label}`);
}

test.each([
  ['all are missing', missing(), ['3 small']],
  ['some are there', missing({ freeCount: () => 2 }), ['1 small']],
  ['more than enough', missing({ freeCount: () => 5 }), []],
  ['asked for by anybody', missing({ requests: [own('requested'), own('pending'), own('fulfilled')] }), []],
  ['asked for in vain', missing({ requests: [own('failed')] }), ['3 small']],
  ['asked for another label', missing({ requests: [own('requested', 'big')] }), ['3 small']],
  ['asked for by a scheduler', missing({ requests: [requestFact('900-1')] }), ['3 small']],
  ['no image', missing({ imageReady: () => false }), []],
  ['failed lately', missing({ resting: new Set(['small']) }), []],
])('min-ready: %s', (_title, plan, expected) => {
  expect(plan).toEqual(expected);
});

test('a request that was filed is not missing any more', () => {
  const requests = Array.from({ length: 3 }, () => own('requested'));
  expect(requests.every((it) => isOutstandingMinReady(it.record!))).toBe(true);
  expect(missing({ requests })).toEqual([]);
});
