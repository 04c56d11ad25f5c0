import { silentLogger } from '../../../src/runtime/log';
import { OPCODE } from '../../../src/zk/opcodes';
import { closeScripted, type Scripted, scripted, scriptedConnected, untilState } from '../../support/scripted-client';
import { settle } from '../../support/fake-clock';
import { turnsUntil } from '../../support/scripted-zookeeper';

/** As the scripted server grants it, milliseconds. */
const T = 6_000;

let it_: Scripted;
afterEach(() => closeScripted(it_));

test('a client at rest pings six times a timeout, and its lease runs from the pings', async () => {
  it_ = await scriptedConnected();
  const { clock, peer, zk } = it_;
  await clock.advance(10 * T);
  expect(peer.links).toHaveLength(1);
  expect(peer.last.pings).toBe(60);
  expect(zk.session!.leaseEndMs()).toBe(10 * T + (2 * T) / 3);
  expect(zk.session!.isLeased()).toBe(true);
});

test('a client that only receives pings all the same', async () => {
  it_ = await scriptedConnected();
  const { clock, peer } = it_;
  for (let passed = 0; passed < 3 * T; passed += 100) {
    peer.last.event(3, '/somewhere');
    await clock.advance(100);
  }
  expect(peer.last.pings).toBe(18);
  expect(it_.states).toEqual(['connected']);
});

test('a client that only sends does not ping', async () => {
  it_ = await scriptedConnected();
  const { clock, peer, zk } = it_;
  for (let passed = 0; passed < T; passed += 500) {
    await zk.exists('/x');
    await clock.advance(500);
  }
  expect(peer.last.pings).toBe(0);
  expect(zk.session!.isLeased()).toBe(true);
});

test('a server frozen at rest is left after two thirds of the timeout, the session kept at another', async () => {
  it_ = await scriptedConnected({ hosts: 'one:1,two:2' });
  const { clock, peer, zk } = it_;
  const session = zk.session!;
  const frozen = peer.last;
  frozen.frozen = true;
  peer.reception = (server) => (server.host === frozen.server.host ? 'freeze' : 'serve');
  const read = zk.get('/x');
  read.catch(() => undefined);
  await clock.advance((2 * T) / 3 - 1);
  expect(zk.state).toBe('connected');
  expect(session.isLeased()).toBe(true);
  await clock.advance(1);
  await untilState(it_, 'connected');
  await expect(read).rejects.toMatchObject({ code: 'CONNECTION_LOSS', path: '/x' });
  expect(it_.states).toEqual(['connected', 'suspended', 'connected']);
  expect(zk.session).toBe(session);
  expect(session.isLeased()).toBe(true);
  expect(peer.last.server).not.toEqual(frozen.server);
  expect(peer.last.hello!.sessionId).toBe(session.id);
});

test('a server whose answers get lost is left, though our requests arrive', async () => {
  it_ = await scriptedConnected();
  it_.peer.last.muted = true;
  await it_.clock.advance((2 * T) / 3);
  expect(it_.states[1]).toBe('suspended');
});

test('a server that sends events but answers nothing is left at the end of the lease', async () => {
  it_ = await scriptedConnected();
  const { clock, peer, zk } = it_;
  const link = peer.last;
  link.frozen = true;
  for (let passed = 0; passed < (2 * T) / 3 - 100; passed += 100) {
    link.event(3, '/somewhere');
    await clock.advance(100);
  }
  expect(zk.state).toBe('connected');
  await clock.advance(100);
  expect(it_.states[1]).toBe('suspended');
});

test('an answer that takes long to arrive is waited for, as long as it keeps coming', async () => {
  it_ = await scriptedConnected();
  const { clock, peer, zk } = it_;
  peer.answer = () => undefined;
  const read = zk.get('/big', { deadlineMs: 10 * T });
  await turnsUntil(() => peer.last.opcodes.includes(OPCODE.getData));
  const link = peer.last;
  link.frozen = true;
  const frame = Buffer.alloc(4 + 16 + 4 + 3_000 + 68);
  frame.writeInt32BE(frame.length - 4);
  frame.writeInt32BE(link.requests.at(-1)!.xid, 4);
  frame.writeInt32BE(3_000, 20);
  for (let at = 0; at < frame.length; at += 100) {
    link.sendRaw(frame.subarray(at, at + 100));
    await clock.advance(T / 4);
  }
  expect((await read).data).toHaveLength(3_000);
  expect(it_.states).toEqual(['connected']);
});

test.each(['freeze', 'hang'] as const)(
  'a server that is %s at connect is given its share of the timeout',
  async (how) => {
    it_ = scripted({ hosts: 'one:1,two:2,three:3' }, {}, (peer) => {
      peer.reception = () => (peer.dialled.length <= 2 ? how : 'serve');
    });
    const { clock, peer, zk } = it_;
    await clock.advance(T / 3 - 1);
    expect(peer.dialled).toHaveLength(1);
    await clock.advance(1);
    expect(peer.dialled).toHaveLength(2);
    await clock.advance(T / 3);
    await zk.connected();
    expect(new Set(peer.dialled.map((it) => it.host)).size).toBe(3);
  },
);

test('the share is never less than a second', async () => {
  const hosts = Array.from({ length: 20 }, (_, index) => `h${index}:1`).join(',');
  it_ = scripted({ hosts }, {}, (peer) => {
    peer.reception = () => 'hang';
  });
  await it_.clock.advance(999);
  expect(it_.peer.dialled).toHaveLength(1);
  await it_.clock.advance(1);
  expect(it_.peer.dialled).toHaveLength(2);
});

test('after a blocked event loop the lease is over before anybody can ask', async () => {
  it_ = await scriptedConnected();
  const { clock, zk } = it_;
  const session = zk.session!;
  let now = 0;
  jest.spyOn(clock, 'monotonic').mockImplementation(() => now);
  now = 5_000; // nothing ran meanwhile
  expect(zk.state).toBe('connected');
  expect(session.isLeased()).toBe(false);
  jest.restoreAllMocks();
});

test('servers that refuse for a minute are tried ever more slowly, and nothing piles up', async () => {
  it_ = await scriptedConnected({ hosts: 'one:1,two:2,three:3' });
  const { clock, peer, zk } = it_;
  await zk.addAuth('digest', Buffer.from('a:b'));
  peer.answer = () => ({});
  await zk.addWatch('/', 'persistent', () => undefined);
  await clock.advance(T); // healthy
  const before = clock.sleeping;
  peer.reception = () => 'reject-hello';
  peer.last.cut();
  await untilState(it_, 'suspended');
  const first = peer.dialled.length;
  await settle();
  await clock.advance(60_000);
  const attempts = peer.dialled.length - first;
  expect(attempts).toBeGreaterThan(30);
  expect(attempts).toBeLessThan(60);
  expect(clock.sleeping).toBeLessThanOrEqual(before + 1);
  expect(peer.open.length).toBeLessThanOrEqual(1);
  peer.reception = () => 'serve';
  await clock.advance(2_000);
  await untilState(it_, 'connected');
  await settle();
  expect(peer.last.opcodes).toEqual([OPCODE.auth]); // the watches went with the old session
});

test('a server that cannot be reached is told of at most every ten seconds, a lost link at once', async () => {
  const told: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void told.push(message) };
  it_ = scripted({}, { log }, (peer) => {
    peer.reception = () => 'refuse';
  });
  const { clock, peer } = it_;
  await settle();
  await clock.advance(25_000);
  expect(told).toEqual(Array.from({ length: 3 }, () => 'zookeeper not reachable'));
  peer.reception = () => 'serve';
  await clock.advance(2_000);
  await untilState(it_, 'connected');
  peer.last.cut();
  await untilState(it_, 'suspended');
  expect(told.slice(3)).toEqual(['zookeeper link lost']);
});

test('the delay starts anew only after a third of the timeout in good health', async () => {
  it_ = await scriptedConnected();
  const { clock, peer } = it_;
  const reconnects = async (healthMs: number) => {
    await clock.advance(healthMs);
    const before = peer.dialled.length;
    peer.last.cut();
    await untilState(it_, 'suspended');
    await settle();
    const isImmediate = peer.dialled.length > before;
    await clock.advance(2_000 - 1);
    await untilState(it_, 'connected');
    return isImmediate;
  };
  expect(await reconnects(T / 3 + 1)).toBe(true);
  // The wait inside `reconnects` is service of 2 s less 1 ms: one more is a third.
  expect(await reconnects(0)).toBe(false);
  expect(await reconnects(T / 3)).toBe(true);
});

describe('deadlines', () => {
  const pending = async (submit: () => Promise<unknown>): Promise<{ readonly request: Promise<unknown> }> => {
    it_.peer.answer = () => undefined;
    const request = submit();
    request.catch(() => undefined);
    await settle();
    return { request };
  };

  test('a request has the session timeout when nothing else is said', async () => {
    it_ = await scriptedConnected();
    const { clock, zk } = it_;
    const { request } = await pending(() => zk.get('/slow'));
    await clock.advance(T - 1);
    await settle();
    let failed: unknown;
    request.catch((error: unknown) => (failed = error));
    await settle();
    expect(failed).toBeUndefined();
    await clock.advance(1);
    await expect(request).rejects.toMatchObject({ code: 'DEADLINE', path: '/slow' });
    expect(it_.states).toEqual(['connected']);
  });

  test('its own deadline goes first; the late answer is thrown away and harms nobody', async () => {
    it_ = await scriptedConnected();
    const { clock, peer, zk } = it_;
    const { request } = await pending(() => zk.get('/slow', { deadlineMs: 50 }));
    await clock.advance(50);
    await expect(request).rejects.toMatchObject({ code: 'DEADLINE' });
    const next = zk.exists('/next');
    await settle();
    const [slow, exists] = peer.last.requests.filter((it) => it.xid > 0);
    peer.last.reply(slow!.xid, { error: 'NO_NODE' });
    peer.last.reply(exists!.xid, { error: 'NO_NODE' });
    expect(await next).toBeUndefined();
    expect(it_.states).toEqual(['connected']);
  });

  test('a longer one outlasts the session timeout', async () => {
    it_ = await scriptedConnected();
    const { request } = await pending(() => it_.zk.get('/slow', { deadlineMs: 3 * T }));
    await it_.clock.advance(2 * T);
    it_.peer.last.reply(it_.peer.last.requests.find((it) => it.xid > 0)!.xid, { error: 'NO_NODE' });
    await expect(request).rejects.toMatchObject({ code: 'NO_NODE' });
  });

  test('an abort ends the waiting with its reason, before or after sending', async () => {
    it_ = await scriptedConnected();
    const abort = new AbortController();
    const { request } = await pending(() => it_.zk.get('/slow', { signal: abort.signal }));
    abort.abort(new Error('enough'));
    await expect(request).rejects.toThrow('enough');
    const sent = it_.peer.last.requests.length;
    await expect(it_.zk.get('/slow', { signal: abort.signal })).rejects.toThrow('enough');
    await settle();
    expect(it_.peer.last.requests).toHaveLength(sent);
  });
});
