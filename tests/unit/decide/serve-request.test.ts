import type { NodeSetPlan } from '../../../src/decide/plan-nodes';
import { planServing, type Serving, type ServingQuestion } from '../../../src/decide/serve-request';

const complete: NodeSetPlan = { kind: 'complete', picks: [], zone: undefined };
const short: NodeSetPlan = { kind: 'short', resource: 'cores', spared: new Set() };

const usual: ServingQuestion = { isStanding: false, reuse: true, isMinReady: false, plan: () => complete };
const machines = { ...usual, isStanding: true };
const lacking = { plan: () => short };

test.each<readonly [string, ServingQuestion, Serving]>([
  ['with room is taken', usual, { kind: 'take', plan: complete }],
  ['for new nodes is taken as well', { ...usual, reuse: false }, { kind: 'take', plan: complete }],
  ['without room is taken and waits', { ...usual, ...lacking }, { kind: 'take and wait', plan: short }],
  ['of our own with room is taken', { ...usual, isMinReady: true }, { kind: 'take', plan: complete }],
  [
    'of our own without room is declined',
    { ...usual, isMinReady: true, ...lacking },
    { kind: 'decline', reason: 'at capacity', resource: 'cores' },
  ],
  ['for machines tries them first', machines, { kind: 'try machines', plan: complete }],
  ['for machines that are busy is left', { ...machines, ...lacking }, { kind: 'leave until machines are free' }],
  [
    'for machines that nobody has used is declined',
    { ...machines, reuse: false },
    { kind: 'decline', reason: 'machines are never new' },
  ],
  [
    'for busy machines that nobody has used is declined',
    { ...machines, reuse: false, ...lacking },
    { kind: 'decline', reason: 'machines are never new' },
  ],
])('a request %s', (_title, question, serving) => {
  expect(planServing(question)).toEqual(serving);
});

test('the nodes are chosen once at most', () => {
  const plan = jest.fn(() => complete);
  planServing({ ...usual, plan });
  planServing({ ...machines, reuse: false, plan });
  expect(plan).toHaveBeenCalledTimes(1);
});
