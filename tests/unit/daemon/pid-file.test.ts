import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandOfProcess, takePidFile } from '../../../src/daemon/pid-file';
import { DaemonSetupError } from '../../../src/daemon/setup-error';
import { tryLockFile } from '../../../src/runtime/file-lock';
import { FakeClock } from '../../support/fake-clock';

const folder = mkdtempSync(join(tmpdir(), 'nodepool-pid-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const tools = (command: readonly string[] | undefined, clock = new FakeClock()) => ({
  clock,
  pid: 4711,
  commandOf: () => command,
});
const file = (name: string) => join(folder, name);

test.each([
  ['no file', undefined, undefined],
  ['one of a process that is gone', '99\n', undefined],
  ['one of another program by now', '99\n', ['/usr/bin/vim', '/etc/nodepool/nodepool.yaml']],
  ['an empty one', '', ['python3', '/usr/bin/nodepool-launcher']],
  ['one with nonsense', 'x', ['python3', '/usr/bin/nodepool-launcher']],
  ['our own from before', '4711\n', ['node', '/usr/bin/nodepool-launcher']],
])('%s is no obstacle', async (title, content, command) => {
  const path = file(title.replaceAll(' ', '-'));
  if (content !== undefined) writeFileSync(path, content);
  const held = await takePidFile(path, tools(command), never);
  expect(readFileSync(path, 'utf8')).toBe('4711\n');
  expect(statSync(path).mode & 0o777).toBe(0o644);
  await held.release();
  expect(existsSync(path)).toBe(false);
});

test.each([
  ['a Python daemon', ['/usr/bin/python3', '/usr/local/bin/nodepool-launcher', '-c', 'x']],
  ['one of ours', ['node', '/opt/nodepool/bin/nodepoold']],
  ['one that nobody may look at', []],
])('%s that runs is respected, after ten seconds', async (title, command) => {
  const path = file(title.replaceAll(' ', '-'));
  writeFileSync(path, '99\n');
  const clock = new FakeClock();
  const taking = takePidFile(path, tools(command, clock), never);
  const failure = taking.catch((error: unknown) => error);
  let isOver = false;
  void failure.then(() => (isOver = true));
  while (!isOver) {
    await Promise.race([clock.untilSleeping(2), failure]);
    await clock.advance(1000);
  }
  expect(clock.monotonic()).toBeGreaterThanOrEqual(10_000);
  expect(await failure).toEqual(
    new DaemonSetupError(
      `the pid file ${path} is held by process 99: is the daemon running already? Stop it, or name another file with -p`,
    ),
  );
  expect(readFileSync(path, 'utf8')).toBe('99\n');
});

test('a lock that is let go in time is taken', async () => {
  const path = file('soon');
  const lock = (await tryLockFile(path))!;
  const clock = new FakeClock();
  const taking = takePidFile(path, tools(undefined, clock), never);
  await clock.untilSleeping(2);
  await lock.release({ remove: true });
  await clock.advance(1000);
  await (await taking).release();
});

test('a place that cannot be written says what to do', async () => {
  writeFileSync(file('plain'), '');
  await expect(takePidFile(join(file('plain'), 'x.pid'), tools(undefined), never)).rejects.toThrow(
    /cannot be made: .*; make its folder, or name another place with -p, or run with -f/,
  );
});

test('command lines of processes', () => {
  expect(commandOfProcess(process.pid)![0]).toContain('node');
  expect(commandOfProcess(2 ** 22 + 1)).toBeUndefined();
});
