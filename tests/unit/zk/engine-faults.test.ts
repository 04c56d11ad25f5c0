import type { WatchEvent } from '../../../src/zk/client';
import { LAST_XID, OPCODE } from '../../../src/zk/opcodes';
import { settle } from '../../support/fake-clock';
import {
  closeScripted,
  failureOf,
  type Scripted,
  scripted,
  scriptedConnected,
  untilState,
} from '../../support/scripted-client';
import { type PeerLink, statBody, turnsUntil } from '../../support/scripted-zookeeper';

const T = 6_000;

let it_: Scripted;
afterEach(() => closeScripted(it_));

const data = (text: string) => ({
  zxid: 5n,
  body: (out: Parameters<typeof statBody>[0]) => {
    out.bytes(Buffer.from(text));
    statBody(out);
  },
});

describe('a link that is cut', () => {
  /** Bytes of a welcome and of an answer with the data `answer`, prefixes included. */
  const WELCOME = 4 + 4 + 4 + 8 + 4 + 16 + 1;
  const ANSWER = 4 + 16 + 4 + 6 + 68;

  test('at every byte of an answer: the request fails, nothing is forged, the session goes on', async () => {
    for (let offset = 1; offset <= ANSWER; offset += 1) {
      it_ = await scriptedConnected({}, {}, (peer) => {
        peer.answer = () => data('answer');
      });
      const { clock, peer, zk, states } = it_;
      await clock.advance(T / 3);
      const session = zk.session;
      peer.last.bytesLeft = offset;
      const read = zk.get('/x').then(
        (it) => it.data.toString(),
        (error: { code: string }) => error.code,
      );
      await turnsUntil(() => states.length === 3);
      expect(await read).toBe(offset === ANSWER ? 'answer' : 'CONNECTION_LOSS');
      expect(states).toEqual(['connected', 'suspended', 'connected']);
      expect(zk.session).toBe(session);
      expect((await zk.get('/x')).data.toString()).toBe('answer');
      await closeScripted(it_);
    }
  });

  test('at every byte of the first handshake: the next server is tried', async () => {
    for (let offset = 1; offset <= WELCOME; offset += 1) {
      it_ = scripted({ hosts: 'one:1,two:2' }, {}, (peer) => {
        peer.onLink = (link) => {
          if (peer.links.length === 1) link.bytesLeft = offset;
        };
      });
      const { peer, states, zk } = it_;
      await turnsUntil(() => peer.links.length === 2 && zk.state === 'connected');
      expect(states).toEqual(offset === WELCOME ? ['connected', 'suspended', 'connected'] : ['connected']);
      expect(zk.session!.epoch).toBe(1);
      await closeScripted(it_);
    }
  });

  test('at every byte of a later handshake: the session is never reported expired', async () => {
    for (let offset = 1; offset < WELCOME; offset += 1) {
      it_ = await scriptedConnected({ hosts: 'one:1,two:2' });
      const { clock, peer, states, zk } = it_;
      await clock.advance(T / 3);
      const session = zk.session;
      peer.onLink = (link) => {
        if (peer.links.length === 2) link.bytesLeft = offset;
      };
      peer.last.cut();
      await turnsUntil(() => states.length === 3);
      expect(states).toEqual(['connected', 'suspended', 'connected']);
      expect(peer.links).toHaveLength(3);
      expect(zk.session).toBe(session);
      await closeScripted(it_);
    }
  });

  test('with 100,000 requests waiting fails them all, after the change of state', async () => {
    it_ = await scriptedConnected();
    const { peer, zk } = it_;
    peer.answer = () => undefined;
    let failed = 0;
    let seenAs: string | undefined;
    for (let index = 0; index < 100_000; index += 1) {
      zk.get('/x').catch(() => {
        failed += 1;
        seenAs ??= zk.state;
      });
    }
    await settle();
    expect(peer.last.requests).toHaveLength(1_000); // the rest waits its turn
    peer.last.cut();
    await untilState(it_, 'suspended');
    await settle();
    expect(failed).toBe(100_000);
    expect(seenAs).toBe('suspended');
  });
});

describe('callers that misbehave', () => {
  test('one that tries again at once does not stop the event loop', async () => {
    it_ = await scriptedConnected();
    const { clock, peer, zk } = it_;
    peer.answer = () => data('x');
    await clock.advance(T / 3);
    peer.reception = () => 'refuse';
    peer.last.cut();
    let attempts = 0;
    const stubborn = (async () => {
      for (;;) {
        attempts += 1;
        const got = await zk.get('/x').catch(() => undefined);
        if (got !== undefined) return got.data.toString();
      }
    })();
    await untilState(it_, 'suspended');
    await settle();
    expect(attempts).toBeGreaterThan(1);
    peer.reception = () => 'serve';
    await clock.advance(200);
    expect(await stubborn).toBe('x');
  });

  test('a watcher that throws is reported and disturbs nobody', async () => {
    it_ = await scriptedConnected();
    const { peer, zk, errors } = it_;
    const heard: WatchEvent[] = [];
    await zk.exists('/x', {
      watcher: () => {
        throw new Error('of the watcher');
      },
    });
    await zk.exists('/x', { watcher: (event) => heard.push(event) });
    peer.last.event(1, '/x');
    await zk.exists('/y');
    expect(heard).toEqual([{ type: 'created', path: '/x', zxid: -1n }]);
    expect(errors).toEqual(['watcher failed']);
  });

  test('a state listener that throws is reported and disturbs nobody', async () => {
    it_ = await scriptedConnected();
    const { clock, peer, zk, errors, states } = it_;
    await clock.advance(T / 3);
    zk.onState(() => {
      throw new Error('of the listener');
    });
    const later: string[] = [];
    zk.onState((state) => later.push(state));
    peer.last.cut();
    await turnsUntil(() => states.length === 3);
    expect(later).toEqual(['suspended', 'connected']);
    expect(errors).toEqual(['state listener failed', 'state listener failed']);
  });

  test('a watcher given twice is called once', async () => {
    it_ = await scriptedConnected();
    let calls = 0;
    const watcher = () => (calls += 1);
    for (let time = 0; time < 3; time += 1) await it_.zk.exists('/x', { watcher });
    it_.peer.last.event(1, '/x');
    it_.peer.last.event(1, '/x');
    await it_.zk.exists('/y');
    expect(calls).toBe(1);
  });

  test('an event is heard after the answer that came before it, and before the one that came after', async () => {
    it_ = await scriptedConnected();
    const { peer, zk } = it_;
    peer.answer = () => undefined;
    const order: string[] = [];
    const first = zk.exists('/x', { watcher: () => order.push('event') }).then(() => order.push('first'));
    const second = zk.exists('/y').then(() => order.push('second'));
    await settle();
    const [one, two] = peer.last.requests;
    peer.last.reply(one!.xid, { error: 'NO_NODE' });
    peer.last.event(1, '/x');
    peer.last.reply(two!.xid, { error: 'NO_NODE' });
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'event', 'second']);
  });
});

describe('servers that surprise', () => {
  test.each([-125, -127, -4711, 4711])('the error code %d is an error of one request', async (error) => {
    it_ = await scriptedConnected();
    it_.peer.answer = () => ({ error });
    expect(await failureOf(it_.zk.get('/x'))).toMatchObject({ name: 'ZkError', path: '/x' });
    expect(it_.zk.state).toBe('connected');
  });

  test('an unknown type of event is passed over', async () => {
    it_ = await scriptedConnected();
    it_.peer.last.event(99, '/x');
    expect(await it_.zk.exists('/x')).toBeUndefined();
  });

  test.each([
    ['an answer to something else', (link: PeerLink) => link.reply(4_711)],
    ['an answer to nothing, out of order', (link: PeerLink) => link.reply(1_000_000)],
    ['a frame too large', (link: PeerLink) => link.sendRaw(Buffer.from([0x7f, 0, 0, 0]))],
    ['a frame of negative length', (link: PeerLink) => link.sendRaw(Buffer.from([0xff, 0, 0, 0]))],
    ['a frame too short to be an answer', (link: PeerLink) => link.sendRaw(Buffer.from([0, 0, 0, 1, 1]))],
    ['watches refused', (link: PeerLink) => link.reply(-8, { error: 'UNIMPLEMENTED' })],
  ])('%s ends the link, not the session', async (_title, surprise) => {
    it_ = await scriptedConnected();
    const { clock, peer, zk, states } = it_;
    await clock.advance(T / 3);
    const session = zk.session;
    peer.answer = () => undefined;
    const read = failureOf(zk.get('/x'));
    await settle();
    surprise(peer.last);
    await turnsUntil(() => states.length === 3);
    expect(await read).toMatchObject({ code: 'CONNECTION_LOSS' });
    expect(zk.session).toBe(session);
  });

  test('an answer that cannot be read fails its request and ends the link', async () => {
    it_ = await scriptedConnected();
    it_.peer.answer = () => ({ body: (out) => out.int(1_000_000) });
    expect(await failureOf(it_.zk.get('/x'))).toMatchObject({ code: 'MARSHALLING_ERROR' });
    await turnsUntil(() => it_.states[1] === 'suspended');
  });

  test('only answers that carry a transaction move the last one seen', async () => {
    it_ = await scriptedConnected();
    const { clock, peer, zk, states } = it_;
    await clock.advance(T / 3);
    for (const zxid of [9n, 0n, -1n, 8n]) {
      peer.answer = () => ({ error: 'NO_NODE', zxid });
      await zk.exists('/x');
    }
    peer.last.cut();
    await turnsUntil(() => states.length === 3);
    expect(peer.last.hello!.lastZxid).toBe(9n);
  });
});

test('xids run from 1 and wrap to 1 before the sign', async () => {
  it_ = await scriptedConnected({}, { firstXid: LAST_XID - 2 });
  for (let index = 0; index < 6; index += 1) await it_.zk.exists('/x');
  expect(it_.peer.last.requests.map((it) => it.xid)).toEqual([LAST_XID - 2, LAST_XID - 1, LAST_XID, 1, 2, 3]);
  await closeScripted(it_);
  it_ = await scriptedConnected();
  await it_.zk.exists('/x');
  expect(it_.peer.last.requests[0]!.xid).toBe(1);
});

test('requests of one turn leave in one write, a lone one at once', async () => {
  it_ = await scriptedConnected();
  const { peer, zk } = it_;
  const before = peer.last.chunks;
  await Promise.all(Array.from({ length: 50 }, () => zk.exists('/x')));
  expect(peer.last.requests).toHaveLength(50);
  expect(peer.last.chunks - before).toBe(2);
});

test('what is too large fails alone, having sent nothing', async () => {
  it_ = await scriptedConnected({ maxRequestBytes: 100 });
  const { peer, zk } = it_;
  const fits = 100 - 8 - 4 - 2 - 4 - 4;
  peer.answer = () => ({ body: (out) => statBody(out) });
  const results = await Promise.allSettled([
    zk.set('/x', Buffer.alloc(fits)),
    zk.set('/x', Buffer.alloc(fits + 1)),
    zk.set('/x', Buffer.alloc(fits)),
  ]);
  expect(results.map((it) => it.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(results[1]).toMatchObject({ reason: { code: 'TOO_LARGE', path: '/x' } });
  expect(peer.last.requests).toHaveLength(2);
});

describe('a watch that nobody waits for any more', () => {
  test('is taken off the server when its answer comes after all', async () => {
    it_ = await scriptedConnected();
    const { peer, zk } = it_;
    peer.answer = () => undefined;
    const abort = new AbortController();
    const read = failureOf(zk.exists('/x', { watcher: () => undefined, signal: abort.signal }));
    await settle();
    abort.abort(new Error('enough'));
    await read;
    peer.last.reply(peer.last.requests[0]!.xid, { error: 'NO_NODE' });
    await turnsUntil(() => peer.last.requests.length === 2);
    expect(peer.last.opcodes).toEqual([OPCODE.exists, OPCODE.removeWatches]);
    peer.last.reply(peer.last.requests[1]!.xid);
    await settle();
  });

  test('stays while somebody else is about to use it', async () => {
    it_ = await scriptedConnected();
    const { peer, zk } = it_;
    const first = () => undefined;
    await zk.exists('/x', { watcher: first });
    peer.answer = () => undefined;
    const second = zk.exists('/x', { watcher: () => undefined });
    await settle();
    await zk.removeWatcher('/x', first);
    peer.last.reply(peer.last.requests[1]!.xid, { error: 'NO_NODE' });
    await second;
    expect(peer.last.opcodes).toEqual([OPCODE.exists, OPCODE.exists]);
  });

  test('two modes of persistent watches on one path are refused: the server would replace one by the other', async () => {
    it_ = await scriptedConnected();
    it_.peer.answer = () => ({});
    await it_.zk.addWatch('/x', 'persistent', () => undefined);
    const other = it_.zk.addWatch('/x', 'persistent-recursive', () => undefined);
    expect(await failureOf(other)).toMatchObject({ code: 'BAD_ARGUMENTS', path: '/x' });
  });
});
