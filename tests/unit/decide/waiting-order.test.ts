import { requestRank } from '../../../src/decide/request-order';
import { waitingOrder } from '../../../src/decide/waiting-order';

const order = (...waiting: readonly (readonly [id: string, held: number])[]) =>
  waiting
    .map(([id, held]) => ({ id, held, rank: requestRank(id, undefined) }))
    .sort(waitingOrder)
    .map((it) => it.id);

test.each([
  ['by rank', order(['200-2', 0], ['200-1', 0], ['100-3', 0]), ['100-3', '200-1', '200-2']],
  ['those that hold something first', order(['100-1', 0], ['200-3', 2], ['200-2', 0]), ['200-3', '100-1', '200-2']],
  ['among those by rank, not by how much they hold', order(['200-2', 2], ['200-1', 1]), ['200-1', '200-2']],
])('%s', (_title, got, wanted) => {
  expect(got).toEqual(wanted);
});
