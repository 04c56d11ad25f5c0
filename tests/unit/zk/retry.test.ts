import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { ZooKeeper } from '../../../src/zk/client';
import { MemoryServer } from '../../../src/zk/memory';
import { protectedCreate, removeProtected } from '../../../src/zk/protected-create';
import { retryCreate, retryDelete, retryRead, retrySet, retryTransaction } from '../../../src/zk/retry';
import { FakeClock, settle } from '../../support/fake-clock';
import { failureOf } from '../../support/scripted-client';

const text = (value: string) => Buffer.from(value);

let clock: FakeClock;
let server: MemoryServer;
let zk: ZooKeeper;
let other: ZooKeeper;
let abort: AbortController;

beforeEach(async () => {
  clock = new FakeClock();
  server = new MemoryServer({ clock });
  zk = server.connect({ sessionTimeoutMs: 6_000 });
  other = server.connect({ sessionTimeoutMs: 6_000 });
  abort = new AbortController();
  await Promise.all([zk.connected(), other.connected()]);
});
afterEach(async () => {
  await server.close();
  expect(server.pendingFaults).toBe(0);
});

const options = () => ({
  tools: { clock, random: seededRandom(3), log: silentLogger },
  signal: abort.signal,
});

/** Lets back-offs pass until the promise has settled. */
async function through<T>(promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => void (isOver = true);
  promise.then(over, over);
  for (let turn = 0; turn < 100 && !isOver; turn += 1) {
    await settle();
    await clock.advance(20);
  }
  return promise;
}

/** The first try is carried out, its answer lost. */
const loseAnswer = (op: Parameters<MemoryServer['failNext']>[0] & string, times = 1) => {
  for (let time = 0; time < times; time += 1) server.dropReply({ client: zk, ...(op === 'any' ? {} : { op }) });
};
const loseRequest = () => server.dropRequest({ client: zk });

describe('reads', () => {
  test('are repeated over lost links, throttling and a lost session', async () => {
    await other.create('/x', text('1'));
    loseAnswer('get', 2);
    server.failNext('get', 'THROTTLED_OP', { client: zk });
    server.failNext('get', 'SESSION_EXPIRED', { client: zk });
    const { data } = await through(retryRead(zk, (it) => it.get('/x'), options()));
    expect(data.toString()).toBe('1');
  });

  test('end with other errors', async () => {
    expect(await failureOf(retryRead(zk, (it) => it.get('/x'), options()))).toMatchObject({ code: 'NO_NODE' });
  });

  test('end with the patience of the caller, during an outage too', async () => {
    server.outage();
    const read = retryRead(zk, (it) => it.get('/x'), options());
    await settle();
    abort.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
    server.recover();
  });
});

describe('delete', () => {
  test('carried out by the first try is done', async () => {
    await other.create('/x', text(''));
    loseAnswer('delete');
    await through(retryDelete(zk, '/x', 0, options()));
    expect(await other.exists('/x')).toBeUndefined();
  });

  test('of what was never there fails, also after throttling', async () => {
    server.failNext('delete', 'THROTTLED_OP', { client: zk });
    expect(await failureOf(through(retryDelete(zk, '/x', undefined, options())))).toMatchObject({ code: 'NO_NODE' });
  });

  test('lost before it was carried out is carried out', async () => {
    await other.create('/x', text(''));
    loseRequest();
    await through(retryDelete(zk, '/x', 0, options()));
    expect(await other.exists('/x')).toBeUndefined();
  });

  test('is not taken over by the next session', async () => {
    server.failNext('delete', 'CONNECTION_LOSS', { client: zk });
    const began = failureOf(retryDelete(zk, '/y', 0, options()));
    await settle();
    server.expire(zk);
    expect(await through(began)).toMatchObject({ code: 'SESSION_EXPIRED' });
  });
});

describe('set', () => {
  beforeEach(() => other.create('/x', text('0')));

  test.each([1, 3])('carried out once, with %d answers lost, is success', async (times) => {
    loseAnswer('set', times);
    const stat = await through(retrySet(zk, '/x', text('1'), 0, options()));
    expect(stat.version).toBe(1);
    expect((await other.get('/x')).stat).toEqual(stat);
  });

  test('overtaken by somebody else is a conflict', async () => {
    loseAnswer('set');
    const set = failureOf(retrySet(zk, '/x', text('1'), 0, options()));
    await settle();
    await other.set('/x', text('2'));
    expect(await through(set)).toMatchObject({ code: 'BAD_VERSION' });
  });

  test('of an old version is a conflict at once', async () => {
    await other.set('/x', text('1'));
    expect(await failureOf(retrySet(zk, '/x', text('1'), 0, options()))).toMatchObject({ code: 'BAD_VERSION' });
  });

  test('without a version writes again', async () => {
    loseAnswer('set');
    expect(await through(retrySet(zk, '/x', text('1'), undefined, options()))).toMatchObject({ version: 2 });
  });
});

describe('create', () => {
  test.each(['persistent', 'ephemeral'] as const)('of a %s znode finds its own', async (mode) => {
    loseAnswer('create');
    const { path, stat } = await through(retryCreate(zk, '/x', text('mine'), { ...options(), mode }));
    expect(path).toBe('/x');
    expect(stat).toEqual(await other.exists('/x'));
    expect(stat.ephemeralOwner).toBe(mode === 'ephemeral' ? zk.session!.id : 0n);
  });

  test.each(['persistent', 'ephemeral'] as const)("of a %s znode does not take another's for its own", async (mode) => {
    await other.create('/x', text('theirs'), { mode: 'ephemeral' });
    loseRequest();
    const created = through(retryCreate(zk, '/x', text('mine'), { ...options(), mode }));
    expect(await failureOf(created)).toMatchObject({ code: 'NODE_EXISTS' });
  });

  test('lets the caller say what is its own', async () => {
    await other.create('/x', text('theirs'));
    loseRequest();
    const created = retryCreate(zk, '/x', text('mine'), { ...options(), isOurs: () => true });
    expect((await through(created)).stat.dataLength).toBe(6);
  });
});

describe('a transaction', () => {
  beforeEach(() => other.create('/x', text('0')));
  const ops = () => [
    { op: 'set' as const, path: '/x', data: text('1'), version: 0 },
    { op: 'create' as const, path: '/y', data: text('') },
  ];

  test('is carried out once', async () => {
    loseAnswer('transaction');
    expect(await through(retryTransaction(zk, ops(), options()))).toBeUndefined();
    expect((await other.get('/x')).stat.version).toBe(1);
  });

  test('that never arrived is carried out by the repeat, with results', async () => {
    loseRequest();
    expect(await through(retryTransaction(zk, ops(), options()))).toHaveLength(2);
  });

  test('that lost to somebody else fails', async () => {
    loseRequest();
    const done = failureOf(through(retryTransaction(zk, ops(), options())));
    await other.set('/x', text('2'));
    expect(await done).toMatchObject({ code: 'BAD_VERSION', failedOp: 0 });
    expect(await other.exists('/y')).toBeUndefined();
  });

  test('without a step that can succeed only once is refused', async () => {
    const harmless = retryTransaction(zk, [{ op: 'set', path: '/x', data: text('') }], options());
    expect(await failureOf(harmless)).toMatchObject({ code: 'BAD_ARGUMENTS' });
    expect((await other.get('/x')).stat.version).toBe(0);
  });
});

describe('a protected create', () => {
  beforeEach(() => other.create('/dir', text('')));
  const children = async () => (await other.children('/dir')).children;
  const create = (mode: 'ephemeral-sequential' | 'persistent-sequential' = 'ephemeral-sequential') =>
    protectedCreate(zk, '/dir', text('d'), { ...options(), mode, suffix: '-x-' });

  test.each(['ephemeral-sequential', 'persistent-sequential'] as const)(
    '%s makes one znode, however many answers are lost',
    async (mode) => {
      loseAnswer('create');
      loseAnswer('sync');
      loseAnswer('children');
      const { path, hex, stat } = await through(create(mode));
      expect(await children()).toEqual([`${hex}-x-0000000000`]);
      expect(path).toBe(`/dir/${hex}-x-0000000000`);
      expect(stat).toEqual(await other.exists(path));
    },
  );

  test('that never arrived is sent again with the same digits', async () => {
    loseRequest();
    const { hex } = await through(create());
    expect(await children()).toEqual([`${hex}-x-0000000000`]);
  });

  test('passes by what a dead session of ours left', async () => {
    const hex = seededRandom(3).hex(16);
    await other.create(`/dir/${hex}-x-`, text(''), { mode: 'ephemeral-sequential' });
    loseRequest();
    const made = await through(create());
    expect(made.hex).toBe(hex);
    expect(made.path).toBe(`/dir/${hex}-x-0000000001`);
  });

  test.each(['ephemeral-sequential', 'persistent-sequential'] as const)(
    '%s, given up, leaves nothing in the end',
    async (mode) => {
      server.freeze(zk);
      const made = failureOf(create(mode));
      await settle();
      abort.abort(new Error('enough'));
      expect(await made).toMatchObject({ message: 'enough' });
      server.thaw(zk); // only now the create arrives
      for (let turn = 0; turn < 20; turn += 1) await clock.advance(100);
      expect(await children()).toEqual([]);
    },
  );

  test('whose session ends is not begun anew', async () => {
    loseAnswer('create');
    const made = failureOf(create());
    await settle();
    server.expire(zk);
    expect(await through(made)).toMatchObject({ code: 'SESSION_EXPIRED' });
    expect(await children()).toEqual([]);
  });

  test('fails at once without a parent', async () => {
    const made = protectedCreate(zk, '/none', text(''), { ...options(), mode: 'ephemeral-sequential' });
    expect(await failureOf(made)).toMatchObject({ code: 'NO_NODE' });
  });

  test('cleaning up ends when the client is closed', async () => {
    server.outage();
    const cleaning = failureOf(removeProtected(zk, '/dir', 'abc', undefined, options().tools));
    await settle();
    await zk.close();
    expect(await cleaning).toMatchObject({ code: 'SESSION_CLOSED' });
    server.recover();
  });
});
