import { CommandError } from '../../../src/cli/failure';
import { untilConnected } from '../../../src/cli/until-connected';
import { FakeClock } from '../../support/fake-clock';

/** A server that never answers. */
const silent = {
  connected: (signal?: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      signal!.addEventListener('abort', () => reject(signal!.reason as Error));
    }),
};

function waiting(timeoutMs: number) {
  const clock = new FakeClock();
  const said: string[] = [];
  const stop = new AbortController();
  const patience = { hosts: 'zk:2281', timeoutMs, clock, signal: stop.signal, complain: (it: string) => said.push(it) };
  return {
    clock,
    said,
    stop,
    outcome: untilConnected(silent, patience).then(
      () => 'connected',
      (it: unknown) => it,
    ),
  };
}

test('says after a few seconds what it waits for, and gives up in the end', async () => {
  const { clock, said, outcome } = waiting(30_000);
  await clock.advance(2999);
  expect(said).toEqual([]);
  await clock.advance(1);
  expect(said).toEqual(['waiting for ZooKeeper at zk:2281; giving up after 30 s (--timeout)']);
  await clock.advance(26_999);
  expect(clock.sleeping).toBe(1);
  await clock.advance(1);
  const error = await outcome;
  expect(error).toBeInstanceOf(CommandError);
  expect((error as Error).message).toBe('no connection to ZooKeeper at zk:2281 within 30 s');
  expect(clock.sleeping).toBe(0);
});

test('waits for ever when told so, until interrupted', async () => {
  const { clock, said, stop, outcome } = waiting(0);
  await clock.advance(86_400_000);
  expect(said).toEqual(['waiting for ZooKeeper at zk:2281']);
  stop.abort(new Error('interrupted'));
  expect(await outcome).toEqual(new Error('interrupted'));
  expect(clock.sleeping).toBe(0);
});
