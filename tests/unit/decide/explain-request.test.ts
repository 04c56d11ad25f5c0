import { type ExplainFacts, explainRequest } from '../../../src/decide/explain-request';
import { NodeTimes } from '../../../src/decide/node-times';
import { WaitNotes, type WaitReason } from '../../../src/decide/wait-notes';
import { newNode } from '../../../src/model/node-record';
import type { Node, NodeRequest } from '../../../src/model/records';
import { newRequest } from '../../../src/model/request-record';

const ME = 'host-PoolWorker.east-main-1';
const request = (change: Partial<NodeRequest> = {}): NodeRequest => ({
  ...newRequest({ nodeTypes: ['small'], requestor: 'zuul', stateTime: 100 }),
  ...change,
});
const note = (reason: WaitReason, detail?: string) => ({ reason, detail, since: 120 });
const node = (id: string, state: Node['state']) => ({
  id,
  state,
  label: 'small',
  begunAt: state === 'init' ? undefined : 140,
});

function explain(change: Partial<ExplainFacts>) {
  const { status, reason, detail, since, expected } = explainRequest({
    pool: { pool: ME, provider: 'east', name: 'main' },
    request: request(),
    changedAt: 110,
    locked: false,
    inHand: false,
    note: undefined,
    nodes: [],
    launchSeconds: () => 60,
    roomAt: undefined,
    nowSeconds: 150,
    ...change,
  });
  return [status, reason, detail, since, expected];
}

describe('explaining a request', () => {
  const declined = request({ declinedBy: [ME] });
  const pending = request({ state: 'pending', stateTime: 130 });
  const mine = { request: pending, inHand: true, locked: true };
  test.each<[string, Partial<ExplainFacts>, unknown[]]>([
    [
      'declined, with the words',
      { request: declined, note: note('declined', 'it would exceed quota') },
      ['declined', 'declined', 'it would exceed quota', 120, null],
    ],
    ['declined before a restart', { request: declined }, ['declined', 'declined', null, 110, null]],
    ['failed', { request: request({ state: 'failed' }) }, ['done', 'final', 'failed', 100, null]],
    ['fulfilled', { request: request({ state: 'fulfilled' }) }, ['done', 'final', 'fulfilled', 100, null]],
    ['not looked at', {}, ['unknown', 'not-looked-at-yet', null, null, null]],
    ['taken by another', { request: pending, locked: true }, ['left', 'taken-by-another', null, 130, null]],
    [
      'taken by another after it waited here',
      { request: pending, locked: true, note: note('others-go-first') },
      ['left', 'taken-by-another', null, 130, null],
    ],
    [
      'left to the preferred provider',
      { note: note('preferred-provider-serves-it') },
      ['left', 'preferred-provider-serves-it', null, 120, null],
    ],
    ['tenant limit', { note: note('tenant-limit', 'cores') }, ['waiting', 'tenant-limit', 'cores', 120, null]],
    ['paused', { note: note('pool-is-paused', '100-7') }, ['waiting', 'pool-is-paused', '100-7', 120, null]],
    ['max-concurrency', { note: note('max-concurrency') }, ['waiting', 'max-concurrency', null, 120, null]],
    ['no room, nobody knows', { ...mine, note: note('no-room', 'ram') }, ['waiting', 'no-room', 'ram', 120, null]],
    ['no room, soon', { ...mine, note: note('no-room', 'ram'), roomAt: 155 }, ['waiting', 'no-room', 'ram', 120, 215]],
    [
      'no room, overdue',
      { ...mine, note: note('no-room', 'ram'), roomAt: 140 },
      ['waiting', 'no-room', 'ram', 120, 210],
    ],
    [
      'no room, launches unknown',
      { ...mine, note: note('no-room', 'ram'), roomAt: 155, launchSeconds: () => undefined },
      ['waiting', 'no-room', 'ram', 120, null],
    ],
    ['launching', { ...mine, nodes: [node('1', 'building')] }, ['serving', 'launching', '1 building', 130, 200]],
    [
      'a node waits for its turn: not before a launch that would begin now',
      { ...mine, nodes: [node('1', 'building'), node('2', 'init')] },
      ['serving', 'launching', '1 building, 2 init', 130, 210],
    ],
    [
      'launching, times unknown',
      { ...mine, nodes: [node('1', 'building')], launchSeconds: () => undefined },
      ['serving', 'launching', '1 building', 130, null],
    ],
    ['all ready', { ...mine, nodes: [node('1', 'ready')] }, ['serving', 'launching', '1 ready', 130, 150]],
  ])('%s', (_name, facts, expected) => {
    expect(explain(facts)).toEqual(expected);
  });
});

test('a reason is since it began, also when it is said again', () => {
  const notes = new WaitNotes();
  notes.note('r', 'no-room', 'ram', 1);
  notes.note('r', 'no-room', 'ram', 2);
  expect(notes.get('r')?.since).toBe(1);
  notes.note('r', 'no-room', 'cores', 3);
  expect(notes.get('r')).toEqual({ reason: 'no-room', detail: 'cores', since: 3 });
  notes.delete('r');
  expect([...notes.keys()]).toEqual([]);
});

test.each<[string, readonly (readonly [Node['state'], number])[], number | undefined]>([
  [
    'what it waited for its turn is no part of it',
    [
      ['init', 10],
      ['building', 70],
      ['building', 75],
      ['ready', 90],
    ],
    20,
  ],
  [
    'first seen while it is launched: since it was created',
    [
      ['building', 70],
      ['ready', 90],
    ],
    80,
  ],
  [
    'its beginning was missed: since it was created',
    [
      ['init', 10],
      ['ready', 90],
    ],
    80,
  ],
  [
    'it has failed',
    [
      ['init', 10],
      ['building', 70],
      ['failed', 90],
    ],
    undefined,
  ],
  ['it was ready when first seen', [['ready', 90]], undefined],
])('how long a launch took: %s', (_title, states, seconds) => {
  const times = new NodeTimes();
  for (const [state, stateTime] of states) {
    const record = newNode({ provider: 'east', pool: 'main', type: ['small'], state, stateTime, createdTime: 10 });
    times.note('1', record, stateTime);
    if (state === 'init') expect(times.launchingSince('1')).toBeUndefined();
  }
  expect(times.launchSeconds('east', 'small')).toBe(seconds);
  expect(times.launchingSince('1')).toBeUndefined();
});

test('a launch has begun when `building` was first written', () => {
  const times = new NodeTimes();
  const at = (state: Node['state'], stateTime: number) =>
    newNode({ provider: 'east', pool: 'main', type: ['small'], state, stateTime, createdTime: 10 });
  times.note('1', at('init', 10), 10);
  times.note('1', at('building', 70), 70);
  times.note('1', at('building', 75), 75);
  expect(times.launchingSince('1')).toBe(70);
});

test('times are learned from records', () => {
  const times = new NodeTimes();
  const at = (state: Node['state'], stateTime: number) =>
    newNode({ provider: 'east', pool: 'main', type: ['small'], state, stateTime, createdTime: 10 });
  expect(times.launchSeconds('east', 'small')).toBeUndefined();
  for (const [id, ready] of [
    ['1', 40],
    ['2', 20],
    ['3', 90],
  ] as const) {
    times.note(id, at('building', 10), 10);
    times.note(id, at('ready', ready), ready);
    times.note(id, at('ready', ready + 500), ready + 500);
  }
  expect([times.launchSeconds('east', 'small'), times.launchSeconds('west', 'small')]).toEqual([30, undefined]);
  times.note('1', at('deleting', 100), 100);
  expect(times.deletingSince('east')).toBe(100);
  times.note('1', undefined, 107);
  expect([times.deletionSeconds('east'), times.deletingSince('east')]).toEqual([7, undefined]);
});
