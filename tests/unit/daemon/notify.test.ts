import { serviceManager, watchdogMs } from '../../../src/daemon/notify';
import { silentLogger } from '../../../src/runtime/log';
import { FakeClock } from '../../support/fake-clock';

const start = (env: Record<string, string>, clock = new FakeClock()) => {
  const sent: string[] = [];
  const send = (lines: readonly string[]) => {
    sent.push(lines.join(' ').replace(/MONOTONIC_USEC=\d+/, 'MONOTONIC_USEC=n'));
    return Promise.resolve();
  };
  return { manager: serviceManager({ clock, log: silentLogger, env, pid: 7 }, send), sent, clock };
};

test('says how the daemon is, in order', async () => {
  const { manager, sent } = start({ NOTIFY_SOCKET: '/run/x' });
  manager.waiting('waiting for\nZooKeeper');
  manager.ready();
  manager.reloading();
  manager.ready();
  manager.stopping();
  await manager.close();
  expect(sent).toEqual([
    'EXTEND_TIMEOUT_USEC=90000000 STATUS=waiting for ZooKeeper',
    'READY=1 MAINPID=7',
    'RELOADING=1 MONOTONIC_USEC=n',
    'READY=1 MAINPID=7',
    'STOPPING=1',
  ]);
});

test('feeds the watchdog three times in its time, until closed', async () => {
  const { manager, sent, clock } = start({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000000' });
  for (let second = 0; second < 30; second += 1) await clock.advance(1000);
  await manager.close();
  await clock.advance(60_000);
  expect(sent).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
  expect(clock.sleeping).toBe(0);
});

test.each([
  [{}, undefined],
  [{ WATCHDOG_USEC: '1000000' }, 1000],
  [{ WATCHDOG_USEC: '1000000', WATCHDOG_PID: '7' }, 1000],
  [{ WATCHDOG_USEC: '1000000', WATCHDOG_PID: '8' }, undefined],
  [{ WATCHDOG_USEC: 'x' }, undefined],
])('the watchdog of %j', (env, expected) => {
  expect(watchdogMs(env, 7)).toBe(expected);
});

test('without a manager nothing is sent', async () => {
  const { manager, sent } = start({});
  manager.ready();
  await manager.close();
  expect(sent).toEqual([]);
});
