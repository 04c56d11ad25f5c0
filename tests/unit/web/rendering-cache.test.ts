import { RenderingCache } from '../../../src/web/rendering-cache';
import { FakeClock, settle } from '../../support/fake-clock';

/** Time that goes on by `costMs` whenever something is made. */
class CostlyClock extends FakeClock {
  #spent = 0;

  override monotonic(): number {
    return super.monotonic() + this.#spent;
  }

  spend(ms: number): void {
    this.#spent += ms;
  }
}

const plain = (version: number) => () => ({ version, changesWithTime: false });

test('an output is made again when its basis changed, or with the second if time shows', async () => {
  const clock = new FakeClock();
  const cache = new RenderingCache(clock);
  let made = 0;
  const make = () => String((made += 1));
  const timed = () => ({ version: 1, changesWithTime: true });
  await cache.get('a', plain(1), make);
  await clock.advance(5_000);
  expect((await cache.get('a', plain(1), make)).body.toString()).toBe('1');
  expect((await cache.get('a', plain(2), make)).body.toString()).toBe('2');
  expect((await cache.get('b', timed, make)).body.toString()).toBe('3');
  await clock.advance(999);
  expect((await cache.get('b', timed, make)).body.toString()).toBe('3');
  await clock.advance(1);
  expect((await cache.get('b', timed, make)).body.toString()).toBe('4');
});

test('the same body stays the same output, with its date', async () => {
  const clock = new FakeClock();
  const cache = new RenderingCache(clock);
  const first = await cache.get('a', plain(1), () => 'same');
  await clock.advance(5_000);
  expect(await cache.get('a', plain(2), () => 'same')).toBe(first);
});

test('a costly output is made once for all who ask while it rests, and they get what is true then', async () => {
  const clock = new CostlyClock();
  const cache = new RenderingCache(clock);
  const seen: number[] = [];
  let version = 1;
  const ask = () =>
    cache.get(
      'a',
      () => ({ version, changesWithTime: false }),
      () => {
        seen.push(version);
        clock.spend(100);
        return String(version);
      },
    );
  await ask();
  version = 2;
  const waiting = Promise.all([ask(), ask(), ask()]);
  await clock.untilSleeping(1);
  version = 3;
  await clock.advance(199);
  expect([seen, clock.sleeping]).toEqual([[1], 1]);
  await clock.advance(1);
  expect((await waiting).map((it) => it.body.toString())).toEqual(['3', '3', '3']);
  expect(seen).toEqual([1, 3]);
  await settle();
  expect(clock.sleeping).toBe(0);
});

test('an output that was pushed out does not come back under an old date', async () => {
  const cache = new RenderingCache(new FakeClock());
  const first = await cache.get('a', plain(1), () => 'one');
  for (let index = 0; index < 64; index += 1) await cache.get(`other ${index}`, plain(1), () => 'x');
  const again = await cache.get('a', plain(2), () => 'two');
  expect(again.modifiedSeconds).toBe(first.modifiedSeconds + 1);
});
