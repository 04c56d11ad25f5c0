import type { HeldNode } from '../../../src/launcher/held-node';
import type { PoolContext } from '../../../src/launcher/pool-context';
import { PoolHands } from '../../../src/launcher/pool-hands';
import type { RequestHandler } from '../../../src/launcher/request-handler';
import { FakeClock } from '../../support/fake-clock';
import { request } from '../../support/node-facts';
import { Said } from '../../support/said';

const REQUEST = '200-0000000001';

function hands() {
  const said = new Said();
  const ended: string[] = [];
  const store = { requests: { view: () => ({ requests: new Map() }) } };
  const clock = new FakeClock();
  const context = { tools: { log: said.log, clock, store }, nudge: () => undefined } as unknown as PoolContext;
  const pool = new PoolHands(
    'pool east-main',
    () => context,
    (it) => ended.push(it),
  );
  return { pool, said, ended, clock };
}

test('a node whose launch breaks is let go, and the fault is told', async () => {
  const { pool, said } = hands();
  const release = jest.fn(() => Promise.resolve());
  const err = new Error('unforeseen');
  pool.keepNode({ release } as unknown as HeldNode, Promise.reject(err));
  await pool.idle();
  expect(release).toHaveBeenCalledTimes(1);
  expect(said.messages).toMatchObject([{ level: 'error', fields: { pool: 'pool east-main', err } }]);
});

test('a request that breaks is told of, let go, and rests a moment', async () => {
  const { pool, said, ended, clock } = hands();
  const err = new Error('unforeseen');
  const handler = { id: REQUEST, request: request(), isClaimed: false } as unknown as RequestHandler;
  pool.keep(handler, Promise.reject(err));
  expect([pool.has(REQUEST), pool.claiming()]).toEqual([true, 1]);
  await pool.idle();
  expect([pool.has(REQUEST), pool.claiming(), ended]).toEqual([false, 0, [REQUEST]]);
  expect(said.messages).toMatchObject([
    { level: 'error', message: 'request failed', fields: { request: REQUEST, err } },
  ]);
  expect(pool.restMs(REQUEST)).toBe(250);
  await clock.advance(250);
  expect(pool.restMs(REQUEST)).toBe(0);
});
