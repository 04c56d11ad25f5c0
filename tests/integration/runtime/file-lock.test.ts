import { spawn } from 'node:child_process';
import { getEventListeners, once, setMaxListeners } from 'node:events';
import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFile, tryLockFile, withFileLock } from '../../../src/runtime/file-lock';

const never = new AbortController().signal;
setMaxListeners(0, never); // every caller that waits listens to it

describe('a lock on a file', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nodepool-lock-'));
    path = join(folder, 'below', 'lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is held by one at a time, and by the next when let go', async () => {
    const first = await lockFile(path);
    expect(await tryLockFile(path)).toBeUndefined();
    const second = lockFile(path);
    await first.release();
    await (await second).release();
    const third = await tryLockFile(path);
    expect(third).toBeDefined();
    await third!.release();
  });

  test('twenty callers never meet', async () => {
    let inside = 0;
    const most = await Promise.all(
      Array.from({ length: 20 }, () =>
        withFileLock(path, never, async () => {
          const now = (inside += 1);
          await readdir(folder);
          inside -= 1;
          return now;
        }),
      ),
    );
    expect(Math.max(...most)).toBe(1);
    expect(getEventListeners(never, 'abort')).toEqual([]);
  });

  test('whose file is removed on release is not held twice by those who waited', async () => {
    let inside = 0;
    let most = 0;
    const visit = async () => {
      const lock = await lockFile(path);
      most = Math.max(most, (inside += 1));
      await readdir(folder);
      inside -= 1;
      await lock.release({ remove: true });
    };
    await Promise.all(Array.from({ length: 10 }, visit));
    expect(most).toBe(1);
    await expect(access(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('ends with the process that holds it, however that ends', async () => {
    await (await lockFile(path)).release();
    const argv = [
      '--expose-gc',
      '-r',
      join(__dirname, '../../support/register.js'),
      join(__dirname, '../../support/child-lock.ts'),
      path,
    ];
    const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    try {
      await once(child.stdout, 'data');
      expect(await tryLockFile(path)).toBeUndefined();
      const next = lockFile(path);
      child.kill('SIGKILL');
      await ended;
      await (await next).release();
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });

  test('is not inherited by programs started meanwhile', async () => {
    const lock = await lockFile(path);
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    await once(child, 'spawn');
    await lock.release();
    const again = await tryLockFile(path);
    expect(again).toBeDefined();
    await again!.release();
    child.kill('SIGKILL');
    await once(child, 'close');
  });

  test('a wait for it ends with the signal', async () => {
    const lock = await lockFile(path);
    const stop = new AbortController();
    const waiting = lockFile(path, stop.signal);
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    await lock.release();
    await (await lockFile(path)).release();
  });
});
