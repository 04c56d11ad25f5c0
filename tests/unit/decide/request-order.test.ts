import { fc } from '../../support/property';
import { likeness } from '../../../src/decide/choose-requests';
import { compareRanks, orderForPool, requestRank } from '../../../src/decide/request-order';
import { RequestIndex } from '../../../src/decide/request-index';
import { poolsBefore } from '../../../src/decide/request-share';
import { request, requestFact } from '../../support/node-facts';

const order = (...ids: readonly (readonly [string, number])[]) =>
  [...ids]
    .map(([id, relativePriority]) => ({ id, rank: requestRank(id, request({ relativePriority })) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))
    .map((it) => it.id);

test('prefix, then relative priority as a number, then sequence; odd ids last', () => {
  expect(
    order(
      ['900-0000000001', 0],
      ['odd', 0],
      ['200-0000000005', 10],
      ['200-0000000007', 9],
      ['100-0000000009', 100],
      ['099-0000000010', 100],
      ['200-0000000006', 9],
    ),
  ).toEqual([
    '099-0000000010',
    '100-0000000009',
    '200-0000000006',
    '200-0000000007',
    '200-0000000005',
    '900-0000000001',
    'odd',
  ]);
});

test('those with labels that the pool lacks come last, each label counted once', () => {
  const requests = [
    requestFact('100-1', { nodeTypes: ['big', 'huge'] }),
    requestFact('100-2', { nodeTypes: ['big', 'big', 'small'] }),
    requestFact('100-3', { nodeTypes: ['small'] }),
  ].map((it) => ({ ...it, likeness: likeness(it.record) }));
  expect(orderForPool(requests, new Set(['small'])).map((it) => it.id)).toEqual(['100-3', '100-2', '100-1']);
});

test('the index holds the waiting ones in order whatever happens to them', () => {
  const step = fc.record({
    id: fc.constantFrom('100-1', '100-2', '200-1', '200-2', '300-1'),
    state: fc.constantFrom('requested', 'pending', 'fulfilled', 'gone'),
    relativePriority: fc.integer({ min: 0, max: 3 }),
    locked: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const index = new RequestIndex();
      const model = new Map<string, ReturnType<typeof requestFact>>();
      for (const { id, state, relativePriority, locked } of steps) {
        if (state === 'gone') model.delete(id);
        else model.set(id, requestFact(id, { state: state as 'requested', relativePriority }, locked));
        index.put(id, model.get(id));
      }
      const waiting = [...model.values()].filter((it) => it.record!.state === 'requested');
      const expected = waiting.sort((a, b) => compareRanks(requestRank(a.id, a.record), requestRank(b.id, b.record)));
      expect(index.requested.map((it) => it.id)).toEqual(expected.map((it) => it.id));
      const lost = [...model.values()].filter((it) => it.record!.state === 'pending' && !it.locked);
      expect([...index.lost.keys()].sort()).toEqual(lost.map((it) => it.id).sort());
      expect(index.size).toBe(model.size);
    }),
  );
});

test('every pool knows its place in line, and the places differ', () => {
  fc.assert(
    fc.property(fc.string(), fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 6 }), (id, pools) => {
      const places = pools.map((it) => poolsBefore(id, it, pools).length);
      expect([...places].sort()).toEqual(pools.map((_pool, place) => place));
    }),
  );
});

test('requests spread over the pools', () => {
  const pools = ['a', 'b', 'c'];
  const first = Array.from({ length: 3000 }, (_, number) =>
    pools.find((it) => poolsBefore(`200-${String(number).padStart(10, '0')}`, it, pools).length === 0),
  );
  for (const it of pools) {
    const share = first.filter((found) => found === it).length;
    expect(share).toBeGreaterThan(800);
    expect(share).toBeLessThan(1200);
  }
});
