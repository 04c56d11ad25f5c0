import type { Session, WatchEvent } from '../../../src/zk/client';
import { OPCODE } from '../../../src/zk/opcodes';
import { settle } from '../../support/fake-clock';
import { closeScripted, type Scripted, scripted, scriptedConnected, untilState } from '../../support/scripted-client';
import { statBody, turnsUntil } from '../../support/scripted-zookeeper';

/** As the scripted server grants it, milliseconds. */
const T = 6_000;

let it_: Scripted;
afterEach(() => closeScripted(it_));

/** Connected for long enough that the next link is dialled without delay. */
async function healthy(...args: Parameters<typeof scriptedConnected>): Promise<Scripted> {
  const all = await scriptedConnected(...args);
  await all.clock.advance(T / 3);
  return all;
}

/** Cuts the link and lets nobody in again. */
async function cutOff({ peer }: Scripted): Promise<void> {
  peer.reception = () => 'refuse';
  peer.last.cut();
  await untilState(it_, 'suspended');
}

const lostEvents = () => {
  const events: WatchEvent[] = [];
  return { events, watcher: (event: WatchEvent) => void events.push(event) };
};

describe('expiry', () => {
  test('ends the session, its requests and its watches, in this order, and a new one is made', async () => {
    it_ = await healthy();
    const { peer, zk, states } = it_;
    const session = zk.session!;
    const order: string[] = [];
    peer.answer = ({ opcode }) => (opcode === OPCODE.exists ? { error: 'NO_NODE' } : undefined);
    await zk.exists('/x', { watcher: (event) => order.push(`watcher ${event.type}`) });
    const reads = [1, 2, 3].map((id) =>
      zk.get('/x').catch((error: { code: string }) => order.push(`read ${id} ${error.code}`)),
    );
    zk.onState((state) => order.push(state));
    session.lost.addEventListener('abort', () => order.push(`abort while ${zk.state}`));
    await settle();
    peer.expireAll();
    peer.last.cut();
    await turnsUntil(() => states.at(-1) === 'connected' && states.length === 4);
    await Promise.all(reads);
    expect(order).toEqual([
      'suspended',
      'read 1 CONNECTION_LOSS',
      'read 2 CONNECTION_LOSS',
      'read 3 CONNECTION_LOSS',
      'abort while lost',
      'lost',
      'watcher lost',
      'connected',
    ]);
    expect(session.lost.aborted).toBe(true);
    expect(session.isLeased()).toBe(false);
    expect(zk.session).toMatchObject({ epoch: 2 });
    expect(zk.session!.id).not.toBe(session.id);
    await settle();
    expect(peer.last.opcodes).toEqual([]); // nothing of the old session is left with the server
  });

  test('a request between the loss and the next session says so', async () => {
    it_ = await healthy();
    const { peer, zk } = it_;
    let request: Promise<unknown> | undefined;
    zk.onState((state, session) => {
      if (state !== 'lost') return;
      expect(session).toBeUndefined();
      request = zk.get('/x').catch((error: unknown) => error);
    });
    peer.expireAll();
    peer.last.cut();
    await turnsUntil(() => it_.states.length === 4);
    expect(await request).toMatchObject({ code: 'SESSION_EXPIRED', path: '/x' });
  });

  test('a server that refuses new sessions too is not asked in a storm', async () => {
    it_ = scripted();
    it_.peer.timeoutMs = 0;
    await it_.clock.advance(10_000);
    expect(it_.peer.dialled.length).toBeGreaterThan(5);
    expect(it_.peer.dialled.length).toBeLessThan(20);
    expect(it_.states).toEqual([]);
  });
});

describe('a link that stays away', () => {
  test('within the timeout the session is kept, but not leased meanwhile', async () => {
    it_ = await healthy();
    const { clock, peer, zk } = it_;
    const session = zk.session!;
    await cutOff(it_);
    expect(session.isLeased()).toBe(false);
    await clock.advance(T - 2_000);
    peer.reception = () => 'serve';
    await clock.advance(2_000 - 1);
    await untilState(it_, 'connected');
    expect(zk.session).toBe(session);
    expect(session.lost.aborted).toBe(false);
    expect(session.isLeased()).toBe(true);
  });

  test('for the whole timeout the session is assumed lost, and buried when a server turns out to have kept it', async () => {
    it_ = await healthy();
    const { clock, peer, zk } = it_;
    const session = zk.session!;
    const lost = lostEvents();
    await zk.exists('/x', { watcher: lost.watcher });
    await cutOff(it_);
    await clock.advance(T - 1);
    expect(zk.state).toBe('suspended');
    await clock.advance(1);
    expect(zk.state).toBe('lost');
    expect(zk.session).toBeUndefined();
    expect(session.lost.aborted).toBe(true);
    expect(lost.events).toEqual([{ type: 'lost', path: '/x', zxid: -1n }]);
    await expect(zk.get('/x')).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    peer.reception = () => 'serve';
    const links = peer.links.length;
    await clock.advance(2_000);
    await untilState(it_, 'connected');
    expect(peer.links.slice(links).map((it) => [it.hello!.sessionId, it.opcodes])).toEqual([
      [session.id, [OPCODE.closeSession]],
      [0n, []],
    ]);
    expect(zk.session).toMatchObject({ epoch: 2 });
  });
});

describe('after a reconnect', () => {
  test('credentials, then watches in small pieces, then requests', async () => {
    it_ = await healthy();
    const { peer, zk } = it_;
    await zk.addAuth('digest', Buffer.from('a:b'));
    peer.answer = ({ opcode }) => (opcode === OPCODE.exists ? { error: 'NO_NODE', zxid: 7n } : {});
    const name = 'x'.repeat(100);
    for (let index = 0; index < 3_000; index += 1) void zk.exists(`/${name}${index}`, { watcher: () => undefined });
    await zk.addWatch('/tree', 'persistent-recursive', () => undefined);
    let early: Promise<unknown> | undefined;
    zk.onState((state) => {
      if (state === 'connected') early = zk.exists('/early');
    });
    peer.last.cut();
    await turnsUntil(() => it_.states.length === 3);
    await early;
    const { requests, hello } = peer.last;
    expect(hello!.lastZxid).toBe(7n);
    const watches = requests.filter((it) => it.opcode === OPCODE.setWatches2);
    expect(peer.last.opcodes).toEqual([OPCODE.auth, ...watches.map((it) => it.opcode), OPCODE.exists]);
    expect(watches.length).toBe(3);
    const lists = watches.map(({ body }) => {
      expect(body.remaining).toBeLessThanOrEqual(128 * 1024 + 100);
      expect(body.long()).toBe(7n);
      return Array.from({ length: 5 }, () => body.texts());
    });
    expect(lists.flatMap((it) => it[1])).toHaveLength(3_000);
    expect(lists.flatMap((it) => it[4])).toEqual(['/tree']);
  });

  test('plain watches go in the record that old servers know', async () => {
    it_ = await healthy();
    const { peer, zk } = it_;
    await zk.exists('/x', { watcher: () => undefined });
    peer.last.cut();
    await turnsUntil(() => it_.states.length === 3);
    await settle();
    expect(peer.last.opcodes).toEqual([OPCODE.setWatches]);
  });

  test('watches used up, removed or closed are not left again', async () => {
    it_ = await healthy();
    const { peer, zk } = it_;
    peer.answer = ({ opcode }) => (opcode === OPCODE.getData ? { body: (out) => (out.int(-1), statBody(out)) } : {});
    const watcher = () => undefined;
    await zk.get('/used', { watcher });
    await zk.get('/removed', { watcher });
    const handle = await zk.addWatch('/closed', 'persistent', watcher);
    peer.last.event(3, '/used');
    await zk.removeWatcher('/removed', watcher);
    await handle.close();
    peer.last.cut();
    await turnsUntil(() => it_.states.length === 3);
    await settle();
    expect(peer.last.opcodes).toEqual([]);
  });
});

test('a refused credential ends the session, is forgotten, and the old session is buried', async () => {
  it_ = await healthy();
  const { peer, zk } = it_;
  const session = zk.session!;
  const original = peer.onRequest.bind(peer);
  peer.onRequest = (link, request) => {
    if (request.opcode === OPCODE.auth) link.reply(request.xid, { error: 'AUTH_FAILED' });
    else original(link, request);
  };
  peer.answer = () => undefined;
  const read = zk.get('/x').catch((error: unknown) => error);
  await expect(zk.addAuth('digest', Buffer.from('wrong'))).rejects.toMatchObject({ code: 'AUTH_FAILED' });
  expect(await read).toMatchObject({ code: 'AUTH_FAILED' });
  expect(session.lost.aborted).toBe(true);
  await it_.clock.advance(100);
  await untilState(it_, 'connected');
  expect(it_.states).toEqual(['connected', 'lost', 'connected']);
  expect(peer.links.map((it) => it.opcodes).slice(1)).toEqual([[OPCODE.closeSession], []]);
});

describe('a session that is not here', () => {
  test.each(['SESSION_MOVED', 'SESSION_EXPIRED'] as const)('%s as an answer makes us connect anew', async (error) => {
    it_ = await healthy();
    const { peer, zk } = it_;
    peer.answer = () => ({ error });
    await expect(zk.get('/x')).rejects.toMatchObject({ code: error });
    await turnsUntil(() => it_.states.length === 3);
    expect(it_.states).toEqual(['connected', 'suspended', 'connected']);
  });
});

describe('the list of servers', () => {
  test('a new one keeps the present member if it is still listed', async () => {
    it_ = await healthy({ hosts: 'one:1' });
    it_.zk.updateServers('two:2,one:1');
    await settle();
    expect(it_.peer.dialled).toHaveLength(1);
    it_.peer.last.cut();
    await turnsUntil(() => it_.states.length === 3);
    expect(it_.peer.last.server.host).toBe('two');
  });

  test('leaves it if not, with the session', async () => {
    it_ = await healthy({ hosts: 'one:1' });
    const session = it_.zk.session;
    it_.zk.updateServers('two:2');
    expect(it_.zk.state).toBe('suspended');
    await untilState(it_, 'connected');
    expect(it_.peer.last.server.host).toBe('two');
    expect(it_.zk.session).toBe(session);
  });

  test('is tried at once even while waiting for another attempt', async () => {
    it_ = scripted({ hosts: 'one:1' }, {}, (peer) => {
      peer.reception = (server) => (server.host === 'one' ? 'refuse' : 'serve');
    });
    await it_.clock.advance(5_000);
    it_.zk.updateServers('two:2');
    await untilState(it_, 'connected');
    expect(it_.peer.open).toHaveLength(1);
  });

  test('cannot change the chroot', async () => {
    it_ = await healthy({ hosts: 'one:1/a' });
    expect(() => it_.zk.updateServers('one:1/b')).toThrow('BAD_ARGUMENTS');
  });
});

describe('close', () => {
  const closed = async () => {
    await closeScripted(it_);
    expect(it_.clock.sleeping).toBe(0);
    expect(it_.peer.open).toEqual([]);
    expect(it_.zk.state).toBe('closed');
    expect(it_.zk.session).toBeUndefined();
    await expect(it_.zk.get('/x')).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    await expect(it_.zk.connected()).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    const dialled = it_.peer.dialled.length;
    await it_.clock.advance(60_000);
    expect(it_.peer.dialled).toHaveLength(dialled);
  };

  test('while connected ends the session at the server and fails what is pending', async () => {
    it_ = await healthy();
    const { peer, zk } = it_;
    const session: Session = zk.session!;
    const lost = lostEvents();
    await zk.exists('/w', { watcher: lost.watcher });
    peer.answer = () => undefined;
    const order: string[] = [];
    zk.onState((state) => order.push(state));
    const read = zk.get('/x').catch((error: { code: string }) => order.push(error.code));
    await settle();
    peer.sessions.add(peer.last.hello!.sessionId);
    const closing = zk.close();
    expect(zk.close()).toBe(closing);
    peer.last.reply(peer.last.requests.at(-1)!.xid, { error: 'NO_NODE' });
    await closing; // needs no time: the server answers
    await read;
    expect(order).toEqual(['closed', 'SESSION_CLOSED']);
    expect(session.lost.aborted).toBe(true);
    expect(lost.events.map((it) => it.type)).toEqual(['lost']);
    expect(peer.last.opcodes.at(-1)).toBe(OPCODE.closeSession);
    await closed();
  });

  test.each(['freeze', 'hang', 'refuse', 'reject-hello'] as const)(
    'while connecting to a server that is %s',
    async (how) => {
      it_ = scripted({}, {}, (peer) => {
        peer.reception = () => how;
      });
      const waiting = it_.zk.connected().catch((error: unknown) => error);
      await settle();
      await it_.zk.close(); // there is no session: nothing to wait for
      expect(await waiting).toMatchObject({ code: 'SESSION_CLOSED' });
      await closed();
    },
  );

  test('in the very turn of connecting', async () => {
    it_ = scripted();
    await it_.zk.close();
    await closed();
  });

  test('between two attempts', async () => {
    it_ = scripted({}, {}, (peer) => {
      peer.reception = () => 'refuse';
    });
    await it_.clock.advance(3_000);
    await closed();
  });

  test('to a frozen server takes a second', async () => {
    it_ = await healthy();
    it_.peer.last.frozen = true;
    let isClosed = false;
    const closing = it_.zk.close().then(() => (isClosed = true));
    await it_.clock.advance(999);
    expect(isClosed).toBe(false);
    await it_.clock.advance(1);
    await closing;
    await closed();
  });

  test('while suspended ends the session if a server can be reached within a second', async () => {
    it_ = await healthy();
    const { peer, zk, clock } = it_;
    const { id } = zk.session!;
    await cutOff(it_);
    expect(peer.sessions.has(id)).toBe(true);
    peer.reception = () => 'serve';
    const closing = zk.close();
    await settle(); // the attempt under way fails
    await clock.advance(500);
    await closing;
    expect(peer.last.hello!.sessionId).toBe(id);
    expect(peer.last.opcodes).toEqual([OPCODE.closeSession]);
    await closed();
  });

  test('while suspended and unreachable gives up after a second', async () => {
    it_ = await healthy();
    await cutOff(it_);
    await closed();
  });

  test('while lost', async () => {
    it_ = await healthy();
    await cutOff(it_);
    await it_.clock.advance(T);
    expect(it_.zk.state).toBe('lost');
    await closed();
  });

  test('from a state listener', async () => {
    it_ = await healthy();
    let closing: Promise<void> | undefined;
    it_.zk.onState((state) => {
      closing ??= it_.zk.close();
      if (state === 'closed') expect(it_.zk.close()).toBeInstanceOf(Promise);
    });
    it_.peer.last.cut();
    await turnsUntil(() => closing !== undefined);
    await closed();
  });
});
