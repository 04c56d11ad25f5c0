import { getEventListeners } from 'node:events';
import { linkSignals } from '../../../src/runtime/link-signals';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

test('aborts with the reason of the first that does', () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const linked = linkSignals(one.signal, other.signal);
  expect(linked.signal.aborted).toBe(false);
  const reason = new Error('first');
  other.abort(reason);
  one.abort(new Error('second'));
  expect(linked.signal.reason).toBe(reason);
});

test('is aborted from the start if a source is', () => {
  const reason = new Error('before');
  const open = new AbortController();
  const linked = linkSignals(open.signal, AbortSignal.abort(reason));
  expect(linked.signal.reason).toBe(reason);
  linked.release();
  expect(listeners(open.signal)).toBe(0);
});

test('any number of them is one listener at the source, and none when all are released', () => {
  const source = new AbortController();
  const linked = [1, 2, 3].map(() => linkSignals(source.signal));
  expect(listeners(source.signal)).toBe(1);
  linked[0]!.release();
  source.abort(new Error('stop'));
  expect(linked.map((it) => it.signal.aborted)).toEqual([false, true, true]);
  for (const it of linked) it.release();
  expect(listeners(source.signal)).toBe(0);
});

test('a source can be followed again after all have let go', () => {
  const source = new AbortController();
  linkSignals(source.signal).release();
  expect(listeners(source.signal)).toBe(0);
  const linked = linkSignals(source.signal);
  source.abort();
  expect(linked.signal.aborted).toBe(true);
});

test('the same source twice counts once', () => {
  const source = new AbortController();
  const linked = linkSignals(source.signal, source.signal);
  linked.release();
  expect(listeners(source.signal)).toBe(0);
});
