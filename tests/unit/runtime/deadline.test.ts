import { deadline } from '../../../src/runtime/deadline';
import { FakeClock } from '../../support/fake-clock';

test('aborts when the time is over, saying what took too long', async () => {
  const clock = new FakeClock();
  const { signal } = deadline(1500, 'the build', clock);
  await clock.advance(1499);
  expect(signal.aborted).toBe(false);
  await clock.advance(1);
  expect(signal.reason).toMatchObject({ name: 'DeadlineError', message: 'the build took longer than 1.5 s' });
});

test('reaches what is built on it even when nobody else refers to it', async () => {
  const clock = new FakeClock();
  const built = AbortSignal.any([deadline(1000, 'x', clock).signal, new AbortController().signal]);
  await clock.advance(1000);
  expect(built.aborted).toBe(true);
});

test('cancelled, it never aborts and leaves no timer', async () => {
  const clock = new FakeClock();
  const it = deadline(1000, 'x', clock);
  it.cancel();
  expect(clock.sleeping).toBe(0);
  await clock.advance(2000);
  expect(it.signal.aborted).toBe(false);
});
