import { PassThrough } from 'node:stream';
import {
  HostKeyScanTimeoutError,
  HostUnresolvedError,
  type ScanTarget,
  type ScanTools,
  scanHostKeys,
  scanKind,
} from '../../../src/runtime/host-keys';
import { FakeClock, settle } from '../../support/fake-clock';

const never = new AbortController().signal;
const target: ScanTarget = { host: 'node', port: 22, kind: 'ssh', timeoutMs: 60_000 };

/** A host that answers each algorithm as told; `undefined` is the first handshake, which takes any key. */
function host(keys: Readonly<Record<string, string>>, failFirst = 0) {
  const asked: (string | undefined)[] = [];
  let open = 0;
  let most = 0;
  const handshake: ScanTools['handshake'] = async (_open, algorithm) => {
    asked.push(algorithm);
    most = Math.max(most, ++open);
    await settle();
    open -= 1;
    if (algorithm === undefined && asked.length <= failFirst) throw new Error('refused');
    const key = algorithm === undefined ? 'any' : keys[algorithm];
    if (key === undefined) throw new Error('no acceptable host key');
    return key;
  };
  return { asked, handshake, mostAtOnce: () => most };
}

function tools(part: Partial<ScanTools>): ScanTools & { readonly clock: FakeClock } {
  const clock = new FakeClock();
  return { resolve: () => Promise.resolve('192.0.2.1'), ...part, clock };
}

/** A connection and the pause between two both count as one wait: lets the connection end first. */
async function pausing(): Promise<void> {
  await settle();
  await settle();
}

test('asks for each kind of key once and in order, RSA only until it is known', async () => {
  const node = host({
    'ssh-ed25519': 'ssh-ed25519 E',
    'ecdsa-sha2-nistp384': 'ecdsa-sha2-nistp384 C',
    'rsa-sha2-256': 'ssh-rsa R',
    'ssh-rsa': 'ssh-rsa R',
  });
  await expect(scanHostKeys(target, tools(node), never)).resolves.toEqual([
    'ssh-ed25519 E',
    'ecdsa-sha2-nistp384 C',
    'ssh-rsa R',
  ]);
  expect(node.asked).toEqual([
    undefined,
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-dss',
  ]);
  expect(node.mostAtOnce()).toBe(1);
});

test('a host that answers and has no key that we know is reachable', async () => {
  await expect(scanHostKeys(target, tools(host({})), never)).resolves.toEqual([]);
});

test('repeats the first handshake every second until it succeeds', async () => {
  const node = host({ 'ssh-ed25519': 'ssh-ed25519 E' }, 3);
  const it = tools(node);
  const scan = scanHostKeys(target, it, never);
  for (let round = 1; round <= 3; round += 1) {
    await pausing();
    expect(node.asked).toHaveLength(round);
    await it.clock.advance(1_000);
  }
  await expect(scan).resolves.toEqual(['ssh-ed25519 E']);
  expect(it.clock.sleeping).toBe(0);
});

test('gives a silent connection ten seconds', async () => {
  const limits: unknown[] = [];
  const it = tools({
    handshake: (_open, algorithm, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          limits.push([algorithm, it.clock.monotonic()]);
          reject(signal.reason as Error);
        });
      }),
  });
  const scan = scanHostKeys({ ...target, timeoutMs: 25_000 }, it, never);
  const outcome = expect(scan).rejects.toThrow(HostKeyScanTimeoutError);
  for (const ms of [10_000, 1_000, 10_000, 1_000, 3_000]) {
    await it.clock.untilSleeping(2);
    await it.clock.advance(ms);
  }
  await outcome;
  expect(limits).toEqual([
    [undefined, 10_000],
    [undefined, 21_000],
    [undefined, 25_000],
  ]);
  expect(it.clock.sleeping).toBe(0);
});

test('the limit covers the keys as well, and says what the last connection ended with', async () => {
  let seen = 0;
  const it = tools({
    handshake: async (_open, _algorithm, signal) => {
      seen += 1;
      if (seen === 1) return 'any';
      if (seen === 2) throw new Error('no acceptable host key');
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
    },
  });
  const scan = scanHostKeys({ ...target, timeoutMs: 5_000 }, it, never);
  const outcome = expect(scan).rejects.toMatchObject({
    name: 'HostKeyScanTimeoutError',
    cause: { message: 'no acceptable host key' },
  });
  await it.clock.untilSleeping(2);
  await settle();
  await it.clock.advance(5_000);
  await outcome;
});

test('ends with the reason of the signal', async () => {
  const stop = new AbortController();
  const it = tools(host({}, Infinity));
  const scan = scanHostKeys(target, it, stop.signal);
  await it.clock.untilSleeping(2);
  stop.abort(new Error('stopped'));
  await expect(scan).rejects.toThrow('stopped');
  expect(it.clock.sleeping).toBe(0);
});

test('a name without an address fails at once', async () => {
  const it = tools({ resolve: () => Promise.reject(new Error('ENOTFOUND')) });
  await expect(scanHostKeys(target, it, never)).rejects.toThrow(HostUnresolvedError);
  expect(it.clock.sleeping).toBe(0);
});

test('other connection types only need the port to open', async () => {
  const stream = new PassThrough();
  const dialled: unknown[] = [];
  const it = tools({
    dial: (to) => {
      dialled.push(to);
      return dialled.length === 1 ? Promise.reject(new Error('refused')) : Promise.resolve(stream);
    },
  });
  const scan = scanHostKeys({ ...target, kind: 'tcp', port: 5986 }, it, never);
  await pausing();
  await it.clock.advance(1_000);
  await expect(scan).resolves.toEqual([]);
  expect(dialled).toEqual([
    { host: '192.0.2.1', port: 5986 },
    { host: '192.0.2.1', port: 5986 },
  ]);
  expect(stream.destroyed).toBe(true);
});

test.each([
  ['ssh', 'ssh'],
  ['network_cli', 'ssh'],
  ['winrm', 'tcp'],
])('%s is scanned as %s', (type, kind) => {
  expect(scanKind(type)).toBe(kind);
});
