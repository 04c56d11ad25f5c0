import type { NodePick } from '../../../src/decide/plan-nodes';
import { takingAll } from '../../../src/launcher/fill-slots';
import type { Assignment } from '../../../src/launcher/node-set';
import type { PoolContext } from '../../../src/launcher/pool-context';
import { newNode } from '../../../src/model/node-record';
import type { Node, Resources } from '../../../src/model/records';
import { newRequest } from '../../../src/model/request-record';

const node = (change: Partial<Node> = {}) =>
  newNode({ state: 'ready', provider: 'east', pool: 'main', type: ['small'], stateTime: 5, ...change });
const entry = (id: string, change?: Partial<Node>) => [id, { id, record: node(change) }] as const;
const reuse = (slot: number, id: string): NodePick => ({ kind: 'reuse', slot, label: 'small', node: id });
const launch = (slot: number): NodePick => ({ kind: 'launch', slot, label: 'small', need: {} });

function taking(picks: readonly NodePick[], limits: readonly (readonly [string, Resources])[] = []) {
  const entries = new Map<string, unknown>([
    entry('1'),
    entry('2'),
    entry('3', { allocatedTo: '200-0000000007' }),
    entry('4', { state: 'deleting' }),
  ]);
  const pool = {
    world: { nodeEntry: (id: string) => entries.get(id) },
    tenantLimits: () => new Map(limits),
  } as unknown as PoolContext;
  const assignment = { picks } as unknown as Assignment;
  const request = newRequest({ nodeTypes: ['small'], requestor: 'zuul', tenantName: 'acme', stateTime: 5 });
  return takingAll(assignment, { id: '200-0000000001', request }, pool)?.map((it) => [it.entry.id, it.change]);
}

test('ready nodes can be taken together with their request, in the order of the picks', () => {
  const change = { allocatedTo: '200-0000000001', tenantName: 'acme', requestor: 'zuul' };
  expect(taking([reuse(0, '2'), reuse(1, '1')], [['other', {}]])).toEqual([
    ['2', change],
    ['1', change],
  ]);
});

test.each([
  ['something is launched as well', [reuse(0, '1'), launch(1)], []],
  ['one is somebody else’s by now', [reuse(0, '1'), reuse(1, '3')], []],
  ['one is not ready any more', [reuse(0, '4')], []],
  ['one is gone', [reuse(0, '5')], []],
  ['the tenant has limits, which other launchers use up, too', [reuse(0, '1')], [['acme', { instances: 5 }]]],
] as const)('not when %s', (_why, picks, limits) => {
  expect(taking(picks, limits)).toBeUndefined();
});
