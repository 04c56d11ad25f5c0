import { getEventListeners } from 'node:events';
import { withTimeLimit } from '../../../src/runtime/time-limit';
import { FakeClock } from '../../support/fake-clock';

const late = () => new Error('late');
/** Work that ends with its signal only. */
const patient = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

test('work that is done in time leaves neither timer nor listener', async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  await expect(withTimeLimit({ ms: 10, clock, late }, signal, () => Promise.resolve('done'))).resolves.toBe('done');
  expect(clock.sleeping).toBe(0);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('work that takes longer is told why', async () => {
  const clock = new FakeClock();
  const work = withTimeLimit({ ms: 10, clock, late }, new AbortController().signal, patient);
  const outcome = expect(work).rejects.toThrow('late');
  await clock.advance(10);
  await outcome;
});

test("the caller's signal reaches the work", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const outcome = expect(withTimeLimit({ ms: 10, clock, late }, stop.signal, patient)).rejects.toThrow('stop');
  stop.abort(new Error('stop'));
  await outcome;
  expect(clock.sleeping).toBe(0);
});

test('work is not begun after the signal', async () => {
  const work = jest.fn();
  const stopped = AbortSignal.abort(new Error('stop'));
  await expect(withTimeLimit({ ms: 10, clock: new FakeClock(), late }, stopped, work)).rejects.toThrow('stop');
  expect(work).not.toHaveBeenCalled();
});
