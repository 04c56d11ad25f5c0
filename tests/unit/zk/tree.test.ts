import { fc, runs } from '../../support/property';
import { silentLogger } from '../../../src/runtime/log';
import { pick, type Random, seededRandom } from '../../../src/runtime/random';
import type { ZooKeeper } from '../../../src/zk/client';
import { MemoryServer } from '../../../src/zk/memory';
import { openTree, type TreeOptions } from '../../../src/zk/tree';
import type { CachedTree, TreeEvent } from '../../../src/zk/tree-api';
import { FakeClock, settle } from '../../support/fake-clock';

const NOTHING = Buffer.alloc(0);
const text = (value: string) => Buffer.from(value);

describe('a cached tree', () => {
  let clock: FakeClock;
  let server: MemoryServer;
  let zk: ZooKeeper;
  let other: ZooKeeper;
  let tree: CachedTree;
  let events: string[];

  beforeEach(async () => {
    clock = new FakeClock();
    server = new MemoryServer({ clock });
    [zk, other] = [server.connect({ sessionTimeoutMs: 6_000 }), server.connect()];
    await Promise.all([zk.connected(), other.connected()]);
    for (const path of ['/r', '/r/a', '/r/a/1', '/r/b']) await other.create(path, text(path));
  });
  afterEach(async () => {
    await tree.close();
    expect(server.watches).toBe(0);
    await server.close();
  });

  const open = async (options: TreeOptions = {}) => {
    tree = openTree(zk, '/r', options, { clock, random: seededRandom(3), log: silentLogger });
    events = [];
    tree.onEvent((it) => events.push(`${it.type} ${(it.type === 'removed' ? it.before : it.node).path}`));
    await tree.ready();
  };
  const paths = () => [...tree.all()].map((it) => it.path).sort();

  test('is loaded when ready', async () => {
    await open();
    expect(paths()).toEqual(['/r', '/r/a', '/r/a/1', '/r/b']);
    expect(tree.children('/r').toSorted()).toEqual(['a', 'b']);
    expect(tree.get('/r/a/1')!.data.toString()).toBe('/r/a/1');
    expect(tree.children('/elsewhere')).toEqual([]);
    expect(events).toHaveLength(4);
  });

  test('whose root is missing is empty, and hears of it when it comes', async () => {
    await open();
    await tree.close();
    tree = openTree(zk, '/none', {}, { clock, random: seededRandom(3), log: silentLogger });
    await tree.ready();
    expect(tree.size).toBe(0);
    await other.create('/none', NOTHING);
    await tree.settled();
    expect(paths()).toEqual(['/none']);
  });

  test('follows what others write', async () => {
    await open();
    events.length = 0;
    await other.set('/r/b', text('new'));
    await other.create('/r/c', NOTHING);
    await other.delete('/r/a/1');
    await tree.settled();
    expect(events.sort()).toEqual(['added /r/c', 'changed /r/b', 'removed /r/a/1']);
    expect(tree.get('/r/b')!.data.toString()).toBe('new');
  });

  test('tells one deleted and made again as removed and added', async () => {
    await open();
    const before = tree.get('/r/b')!.stat.czxid;
    events.length = 0;
    await other.delete('/r/b');
    await other.create('/r/b', text('another'));
    await tree.settled();
    expect(events).toEqual(['removed /r/b', 'added /r/b']);
    expect(tree.get('/r/b')!.stat.czxid).toBeGreaterThan(before);
  });

  test('is stale while the link is gone and tells what it missed', async () => {
    await open();
    events.length = 0;
    const fresh: boolean[] = [];
    tree.onFresh((it) => fresh.push(it));
    server.suspend(zk);
    await other.set('/r/a', text('new'));
    await other.delete('/r/b');
    await other.create('/r/b', text('another'));
    await other.delete('/r/a/1');
    await other.create('/r/c', NOTHING);
    expect([tree.fresh, paths().length]).toEqual([false, 4]);
    server.resume(zk);
    await tree.ready();
    expect(events.sort()).toEqual(['added /r/b', 'added /r/c', 'changed /r/a', 'removed /r/a/1', 'removed /r/b']);
    expect(fresh).toEqual([false, true]);
  });

  test('goes on with the next session', async () => {
    await open();
    server.expire(zk);
    await other.set('/r/a', text('new'));
    await tree.settled();
    await other.set('/r/b', text('newer'));
    await tree.settled();
    expect(['/r/a', '/r/b'].map((it) => tree.get(it)!.data.toString())).toEqual(['new', 'newer']);
  });

  test('keeps presence only, or nothing, where told so', async () => {
    const keep = (path: string) => (path.startsWith('/r/a/') ? 'presence' : path.startsWith('/r/b') ? 'skip' : 'data');
    await other.create('/r/b/1', NOTHING);
    await open({ keep });
    expect(paths()).toEqual(['/r', '/r/a', '/r/a/1']);
    expect(tree.get('/r/a/1')!.data).toEqual(NOTHING);
    events.length = 0;
    await other.create('/r/a/2', text('secret'));
    await other.set('/r/a/2', text('secrets'));
    await other.delete('/r/a/1');
    await other.create('/r/b/2', NOTHING);
    await tree.settled();
    expect(events).toEqual(['added /r/a/2', 'removed /r/a/1']);
    server.suspend(zk);
    await other.create('/r/a/3', NOTHING);
    await other.delete('/r/a/2');
    server.resume(zk);
    await tree.ready();
    expect(paths()).toEqual(['/r', '/r/a', '/r/a/3']);
  });

  test('takes the outcome of an own write at once, and nothing older', async () => {
    await open();
    const first = await zk.set('/r/b', text('1'));
    const second = await zk.set('/r/b', text('2'));
    tree.observe('/r/b', text('2'), second);
    tree.observe('/r/b', text('1'), first);
    expect(tree.get('/r/b')!.data.toString()).toBe('2');
    const { stat } = await zk.create('/r/mine', text('x'));
    tree.observe('/r/mine', text('x'), stat);
    expect(tree.get('/r/mine')).toBeDefined();
    await zk.delete('/r/mine');
    tree.observe('/r/mine', undefined, stat);
    expect(tree.get('/r/mine')).toBeUndefined();
    await tree.settled();
    expect(paths()).toEqual(['/r', '/r/a', '/r/a/1', '/r/b']);
  });

  test('an own write observed too late is not believed for ever', async () => {
    await open();
    const { stat } = await zk.create('/r/mine', text('x'));
    await other.delete('/r/mine');
    await tree.settled();
    tree.observe('/r/mine', text('x'), stat);
    await tree.settled();
    expect(tree.get('/r/mine')).toBeUndefined();
  });

  test('begins again after a failed read', async () => {
    await open();
    server.failNext('multiRead', 'THROTTLED_OP', { client: zk });
    await other.set('/r/b', text('new'));
    await settle();
    expect(tree.fresh).toBe(false);
    await clock.advance(1_000);
    await tree.ready();
    expect(tree.get('/r/b')!.data.toString()).toBe('new');
  });

  test('read again now and then makes good what no event told', async () => {
    await open({ rereadMs: 60_000 });
    const reads: TreeEvent[] = [];
    tree.onEvent((it) => reads.push(it));
    await clock.advance(200_000);
    expect(tree.fresh).toBe(true);
    expect(reads).toEqual([]);
    expect(clock.sleeping).toBe(1);
  });

  test('in no hurry, reads what changes several times once, new znodes at once, and all of it when asked to settle', async () => {
    await open({ lag: { ms: 10, ofNew: false } });
    events.length = 0;
    for (const value of ['1', '2', '3']) await other.set('/r/b', text(value));
    await other.create('/r/c', NOTHING);
    await settle();
    expect(events).toEqual(['added /r/c']);
    expect(tree.isBehind('/r/b')).toBe(true);
    expect(tree.backlog).toEqual({ waiting: 1, reading: 0 });
    await clock.advance(10);
    expect(events).toEqual(['added /r/c', 'changed /r/b']);
    expect(tree.isBehind('/r/b')).toBe(false);
    await other.set('/r/b', text('4'));
    await tree.settled();
    expect(tree.get('/r/b')!.data.toString()).toBe('4');
    expect(clock.sleeping).toBe(0);
  });

  test('in no hurry, reads the first of many new znodes at once, with those of the same moment, and the next ones together', async () => {
    await open({ lag: { ms: 10, ofNew: false } });
    events.length = 0;
    for (const name of ['c', 'd']) await other.create(`/r/${name}`, NOTHING);
    await settle();
    expect(events).toEqual(['added /r/c', 'added /r/d']);
    await clock.advance(2);
    for (const name of ['e', 'f']) await other.create(`/r/${name}`, NOTHING);
    await settle();
    expect(events).toHaveLength(2);
    await clock.advance(10);
    expect(events.slice(2)).toEqual(['added /r/e', 'added /r/f']);
    await other.create('/r/g', NOTHING);
    await settle();
    expect(events.slice(4)).toEqual(['added /r/g']);
  });

  test.each([
    [5, 10],
    [20, 20],
    [100, 40],
  ])(
    'in no hurry, after %i changes at once waits %i ms for the next ones, and no longer when it is quiet',
    async (count, ms) => {
      await open({ lag: { ms: 10, ofNew: true } });
      const change = async () => {
        events.length = 0;
        await other.set('/r/b', text('changed'));
        await clock.advance(9);
      };
      for (let at = 0; at < count; at += 1) await other.create(`/r/n${at}`, NOTHING);
      await clock.advance(10);
      await change();
      await clock.advance(ms - 10);
      expect(events).toEqual([]);
      await clock.advance(1);
      expect(events).toEqual(['changed /r/b']);
      await change();
      await clock.advance(1);
      expect(events).toEqual(['changed /r/b']);
    },
  );

  test('in no hurry, does not read what is gone again', async () => {
    await open({ lag: { ms: 10, ofNew: true } });
    events.length = 0;
    await other.set('/r/b', text('changed'));
    await other.delete('/r/b');
    await other.create('/r/c', NOTHING);
    await other.delete('/r/c');
    await settle();
    expect(events).toEqual(['removed /r/b']);
    expect(tree.backlog).toEqual({ waiting: 0, reading: 0 });
    await other.create('/r/c', text('again'));
    await clock.advance(10);
    expect(events).toEqual(['removed /r/b', 'added /r/c']);
  });

  test('in no hurry, lets changes of what rests wait longer, but not once it rests no more, and not when it is new', async () => {
    let resting = true;
    const of = (path: string) => resting && path !== '/r/b';
    await open({ lag: { ms: 10, ofNew: true, rest: { ms: 100, of } } });
    const others = events.length;
    const heard = () => events.slice(others);
    await other.create('/r/c', NOTHING);
    await clock.advance(10);
    expect(heard()).toEqual(['added /r/c']);
    await other.set('/r/c', text('1'));
    await other.set('/r/b', text('1'));
    await clock.advance(99);
    expect(heard()).toEqual(['added /r/c', 'changed /r/b']);
    expect(tree.isBehind('/r/c')).toBe(true);
    await clock.advance(1);
    expect(heard().slice(2)).toEqual(['changed /r/c']);
    await other.set('/r/c', text('2'));
    await clock.advance(50);
    expect(heard()).toHaveLength(3);
    resting = false;
    await clock.advance(10);
    expect(heard().slice(3)).toEqual(['changed /r/c']);
    resting = true;
    await other.set('/r/c', text('3'));
    await tree.settled();
    expect(tree.get('/r/c')!.data.toString()).toBe('3');
    expect(clock.sleeping).toBe(0);
  });

  test('a throwing listener disturbs nobody', async () => {
    await open();
    tree.onEvent(() => {
      throw new Error('mine');
    });
    const heard: TreeEvent[] = [];
    tree.onEvent((it) => heard.push(it));
    await other.create('/r/c', NOTHING);
    await tree.settled();
    expect(heard).toHaveLength(1);
  });

  test('closed, lets those who wait go', async () => {
    await open();
    server.suspend(zk);
    const waiting = [tree.ready(), tree.settled()].map((it) =>
      expect(it).rejects.toMatchObject({ code: 'SESSION_CLOSED' }),
    );
    await tree.close();
    await Promise.all(waiting);
  });

  test('equals the server once settled, whatever happened, and its events tell the same story', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        await story(seed);
      }),
      runs(150),
    );
  });
});

/** Random writes by two clients, own writes observed, links that break; in the end cache, events and server agree. */
async function story(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const clock = new FakeClock();
  const server = new MemoryServer({ clock, random });
  const [zk, other] = [server.connect({ sessionTimeoutMs: 3_000 }), server.connect()];
  await Promise.all([zk.connected(), other.connected()]);
  const tools = { clock, random, log: silentLogger };
  const keep = (path: string) => (path.endsWith('x') ? 'skip' : path.endsWith('c') ? 'presence' : 'data');
  const rest = { ms: 1_500, of: () => random.next() < 0.7 };
  const lags = [
    {},
    { lag: { ms: 300, ofNew: false } },
    { lag: { ms: 300, ofNew: true } },
    { lag: { ms: 300, ofNew: true, rest } },
  ];
  const tree = openTree(zk, '/r', { keep, ...lags[seed % lags.length] }, tools);
  const told = new Map<string, string>();
  tree.onEvent((it) => tell(told, it));
  const writes: Promise<void>[] = [];
  for (let step = 0; step < 60; step += 1) {
    for (let count = Math.floor(random.next() * 5); count > 0; count -= 1) {
      writes.push(write(random, pick(random, [zk, other]), tree).catch(() => undefined));
    }
    if (random.next() < 0.7) await settle();
    breakLink(server, zk, random.next());
    if (random.next() < 0.5) await clock.advance(random.next() * 1_000);
  }
  server.thaw(zk);
  server.resume(zk);
  await clock.advance(20_000);
  await Promise.all(writes);
  let settling = true;
  const settled = tree.settled().finally(() => (settling = false));
  while (settling) await clock.advance(1_000);
  await settled;
  const wanted = new Map(
    [...server.dump()]
      .filter(([path]) => kept(path, keep))
      .map(([path, data]) => [path, path.endsWith('c') ? '' : data.toString()]),
  );
  const cached = new Map([...tree.all()].map((it) => [it.path, it.data.toString()]));
  const compare = (map: Map<string, string>) => [...map].sort();
  expect({ seed, cached: compare(cached), told: compare(told) }).toEqual({
    seed,
    cached: compare(wanted),
    told: compare(wanted),
  });
  await tree.close();
  await server.close();
}

function tell(told: Map<string, string>, event: TreeEvent): void {
  if (event.type === 'removed') {
    if (!told.delete(event.before.path)) throw new Error(`removed twice: ${event.before.path}`);
    return;
  }
  if (told.has(event.node.path) !== (event.type === 'changed')) throw new Error(`${event.type} ${event.node.path}`);
  told.set(event.node.path, event.node.data.toString());
}

function kept(path: string, keep: (path: string) => string): boolean {
  if (path !== '/r' && !path.startsWith('/r/')) return false;
  return path.split('/').every((_, at, parts) => keep(parts.slice(0, at + 1).join('/')) !== 'skip');
}

async function write(random: Random, zk: ZooKeeper, tree: CachedTree): Promise<void> {
  const depth = 1 + Math.floor(random.next() * 3);
  const path = ['/r', ...Array.from({ length: depth - 1 }, () => pick(random, ['a', 'b', 'c', 'x']))].join('/');
  const data = text(String(Math.floor(random.next() * 1e6)));
  const dice = random.next();
  const observes = random.next() < 0.5;
  if (dice < 0.5) {
    const { stat } = await zk.create(path, data);
    if (observes) tree.observe(path, data, stat);
  } else if (dice < 0.75) {
    const stat = await zk.set(path, data);
    if (observes) tree.observe(path, data, stat);
  } else {
    const stat = await zk.exists(path);
    await zk.delete(path, stat?.version);
    if (observes) tree.observe(path, undefined, stat);
  }
}

function breakLink(server: MemoryServer, zk: ZooKeeper, dice: number): void {
  if (dice < 0.05) server.suspend(zk);
  else if (dice < 0.3) server.resume(zk);
  else if (dice < 0.35) server.cut(zk);
  else if (dice < 0.38) server.expire(zk);
  else if (dice < 0.42) server.freeze(zk);
  else if (dice < 0.6) server.thaw(zk);
  else if (dice < 0.65) server.dropReply({ client: zk });
  else if (dice < 0.68) server.failNext('multiRead', 'REQUEST_TIMEOUT', { client: zk });
}
