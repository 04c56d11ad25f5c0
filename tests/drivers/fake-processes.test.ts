import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Provider } from '../../src/drivers/driver';
import { connectFake } from '../../src/drivers/fake/driver';
import { StateDirEndpoint } from '../../src/drivers/fake/state-dir-endpoint';
import { systemClock } from '../../src/runtime/clock';
import { driverTools } from '../support/fake-cloud';
import { poolConfig, poolLabelConfig, providerConfig } from '../support/provider-config';

const never = new AbortController().signal;
const support = join(__dirname, '../support');
const CLOUD = [process.execPath, join(support, 'child-fake-cloud.js')] as const;
const PROVIDER = 'fake-shared';

let dir: string;
let children: ChildProcess[];
let providers: Provider[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'nodepool-cloud-'));
  children = [];
  providers = [];
});
afterEach(async () => {
  for (const it of children) await killed(it);
  await Promise.all(providers.map((it) => it.close()));
  await killCloud();
  await rm(dir, { recursive: true, force: true, maxRetries: 10 });
});

/** A user of the cloud in this process. */
function connect(section: Record<string, unknown> = {}) {
  const endpoint = new StateDirEndpoint({ dir, clock: systemClock, program: CLOUD });
  const provider = connectFake(providerConfig({ name: PROVIDER, section }), driverTools(), endpoint);
  providers.push(provider);
  return provider;
}

/** A user in a process of its own; `line(n)` waits for the n-th thing it says. */
function user(what: string, argument: string) {
  const args = ['-r', join(support, 'register.js'), join(support, 'child-fake-user.ts')];
  const child = spawn(process.execPath, [...args, dir, JSON.stringify(CLOUD), what, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value)) as Record<string, number | string>;
  return { child, next };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

const cloudPid = () => Number(readFileSync(join(dir, 'pid'), 'utf8'));

/**
 * kill -9, and waits until the kernel has let go of its lock. Of several that were started at once, one that comes up late
 * takes the place of the one that is killed: then that one is killed as well.
 */
async function killCloud(): Promise<void> {
  do {
    try {
      process.kill(cloudPid(), 'SIGKILL');
    } catch (error) {
      if (!['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code!)) throw error;
    }
  } while (!(await lockFree()));
}

/** False if it is still held after a second. */
async function lockFree(): Promise<boolean> {
  try {
    await promisify(execFile)('flock', ['--timeout', '1', join(dir, 'lock'), 'true']);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 1) throw error;
    return false;
  }
}

const spec = (name: string) => ({
  name,
  label: poolLabelConfig(),
  pool: poolConfig({ provider: PROVIDER }),
  image: { externalId: 'fake-image-id', diskImage: 'deb' },
  metadata: { nodepool_node_id: name },
});

test('processes that start at once share one cloud, and a name is one server for all of them', async () => {
  const users = [1, 2, 3].map(() => user('launch', 'np1'));
  const ids = await Promise.all(users.map((it) => it.next()));
  expect(new Set(ids.map((it) => it['externalId'])).size).toBe(1);
  expect(await connect().list(never)).toHaveLength(1);
});

test('a server outlives kill -9 of whoever asked for it', async () => {
  const { child, next } = user('launch', 'np1');
  const { externalId } = await next();
  await killed(child);
  expect(await connect().settled(String(externalId), never)).toMatchObject({ name: 'np1', state: 'running' });
});

test('an upload whose process is killed leaves an image that is recognised and can be removed', async () => {
  const file = join(dir, 'image');
  writeFileSync(file, '');
  truncateSync(file, 8 * 2 ** 30);
  const { child, next } = user('upload', file);
  await next();
  await killed(child);
  const { images } = connect();
  const [partial, ...others] = await images.list(never);
  expect(others).toEqual([]);
  expect(partial).toMatchObject({ metadata: { nodepool_build_id: 'b', nodepool_upload_id: '1' } });
  const boot = connect().launch(
    { ...spec('np1'), image: { externalId: partial!.externalId, diskImage: 'deb' } },
    never,
  );
  await expect(boot).rejects.toMatchObject({ code: 'refused', reason: expect.stringContaining('is not active') });
  await images.remove(partial!.externalId, never);
  expect(await images.list(never)).toEqual([]);
});

test('a large upload needs little memory', async () => {
  const file = join(dir, 'image.zeros');
  writeFileSync(file, '');
  truncateSync(file, 256 * 2 ** 20);
  const { next } = user('upload', file);
  await next();
  const { maxRssMb } = await next();
  const rss = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${cloudPid()}/status`, 'utf8'))![1];
  expect(Number(maxRssMb)).toBeLessThan(250);
  expect(Number(rss) / 1024).toBeLessThan(250);
});

test('kill -9 of the cloud loses nothing that was answered', async () => {
  const provider = connect({ fake: { 'boot-time': 1, 'peak-keys': ['nodepool_node_id'] } });
  const first = await provider.launch(spec('np1'), never);
  const second = await provider.launch(spec('np2'), never);
  await provider.destroy(second.externalId, never);
  const before = cloudPid();
  await killCloud();
  expect((await provider.launch(spec('np1'), never)).externalId).toBe(first.externalId);
  expect(cloudPid()).not.toBe(before);
  expect((await provider.settled(first.externalId, never)).state).toBe('running');
  expect((await provider.list(never)).map((it) => it.name)).toEqual(['np1']);
  await expect(provider.destroy(second.externalId, never)).rejects.toMatchObject({ code: 'not-found' });
});

test('a call in progress when the cloud is killed fails for the moment, the next one is answered', async () => {
  const provider = connect({ fake: { 'boot-time': 3600 } });
  const { externalId } = await provider.launch(spec('np1'), never);
  const waiting = provider.settled(externalId, never).catch((error: unknown) => error);
  await provider.list(never); // the wait has reached the cloud: calls arrive in order
  await killCloud();
  expect(await waiting).toMatchObject({ code: 'transient' });
  expect(await provider.list(never)).toHaveLength(1);
});

test('a line cut off by a crash is left out', async () => {
  const provider = connect();
  await provider.launch(spec('np1'), never);
  await killCloud();
  appendFileSync(join(dir, 'state.jsonl'), '{"account":"fake-shared","table":"servers","key":"x","row":{"na');
  expect(await provider.list(never)).toHaveLength(1);
});

test.each([
  ['ends at once', [process.execPath, '-e', 'process.exit(3)', '--'], 'the simulated cloud ended with status 3; see '],
  ['is not there', ['/nonexistent/program'], 'the simulated cloud could not be started: spawn '],
])('a program that %s is told with the place of its log', async (_what, program, message) => {
  const endpoint = new StateDirEndpoint({ dir, clock: systemClock, program: program as [string] });
  const provider = connectFake(providerConfig({ name: PROVIDER }), driverTools(), endpoint);
  providers.push(provider);
  const error = await provider.list(never).catch((it: unknown) => it);
  expect(error).toMatchObject({ code: 'transient', cause: { message: expect.stringContaining(message) } });
});

describe('the program', () => {
  const run = (...args: string[]) => {
    const child = spawn(CLOUD[0], [CLOUD[1], ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  };
  const said = async (child: ChildProcess) => String((await once(child.stdout!, 'data'))[0]).trim();

  test('says where it listens, refuses a second one, and ends with 0 on TERM', async () => {
    const first = run('--state-dir', dir);
    expect(await said(first)).toBe(`unix:${dir}/socket`);
    expect(await once(run('--state-dir', dir), 'exit')).toEqual([75, null]);
    first.kill('SIGTERM');
    expect(await once(first, 'exit')).toEqual([0, null]);
  });

  test('ends when nobody has asked for a while; the next user finds the state', async () => {
    const child = run('--state-dir', dir, '--idle-seconds', '1');
    const exit = once(child, 'exit'); // before the launch, on a slow machine: then another one serves that
    await said(child);
    const provider = connect();
    await provider.launch(spec('np1'), never);
    expect(await exit).toEqual([0, null]);
    expect(await provider.list(never)).toHaveLength(1);
  });

  test('ends when its folder is removed', async () => {
    const child = run('--state-dir', dir, '--idle-seconds', '0');
    await said(child);
    await rm(dir, { recursive: true });
    expect(await once(child, 'exit')).toEqual([0, null]);
    await mkdir(dir);
  });

  test('makes no folder where it is to serve an existing one', async () => {
    expect(await once(run('--existing', '--state-dir', join(dir, 'none')), 'exit')).toEqual([1, null]);
  });

  test('serves a port of the loopback', async () => {
    const child = run('--state-dir', dir, '--port', '0');
    const endpoint = await said(child);
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await fetch(`${endpoint}/v1/fake-x/zones`, { headers: { connection: 'close' } });
    expect(await response.json()).toEqual(['az1', 'az2']);
  });

  test('a flag it does not know is a usage error', async () => {
    expect(await once(run('--colour'), 'exit')).toEqual([64, null]);
  });
});
