import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger, type Logger } from '../../../src/runtime/log';
import type { Route } from '../../../src/web/answer';
import { jsonAnswer, textAnswer } from '../../../src/web/answers';
import { Rendering } from '../../../src/web/rendering';
import { startWeb, WebListenError, type WebOptions, type WebServer } from '../../../src/web/server';
import { FakeClock } from '../../support/fake-clock';
import { ask, EventReader } from './fetch';

const LONG = 'words '.repeat(1000);
const page: Route = {
  path: '/page',
  handle: () => ({
    kind: 'body',
    status: 200,
    type: 'text/plain',
    rendering: new Rendering(LONG, 1_600_000_000),
    cached: true,
  }),
};
const echo: Route = {
  path: '/echo/:what',
  methods: ['GET', 'HEAD', 'POST'],
  handle: ({ params, query }) => jsonAnswer(200, { ...params, query: [...query] }),
};
const broken: Route = {
  path: '/broken',
  handle: () => {
    throw new Error('the password is hunter2');
  },
};

let server: WebServer | undefined;
let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function open(
  routes: readonly Route[],
  more: Partial<WebOptions> = {},
  log: Logger = silentLogger,
): Promise<string> {
  server = await startWeb({ port: 0, listenAddress: '127.0.0.1', routes, ...more }, { clock, log });
  return server.url;
}

test('answers carry what browsers are to heed, and no other origin may read them', async () => {
  const url = await open([page]);
  const { status, headers, text } = await ask(`${url}/page`);
  expect([status, text]).toEqual([200, LONG]);
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'content-security-policy': expect.stringContaining("default-src 'none'") as string,
    'cache-control': 'public, max-age=1',
    'last-modified': 'Sun, 13 Sep 2020 12:26:40 GMT',
    expires: new Date(clock.wall() + 1000).toUTCString(),
  });
  expect(headers['access-control-allow-origin']).toBeUndefined();
});

test('one other origin may read if it is configured', async () => {
  const url = await open([page], { corsOrigins: ['*'] });
  expect((await ask(`${url}/page`)).headers['access-control-allow-origin']).toBe('*');
});

test.each([
  ['https://one.example', 'https://one.example'],
  ['https://two.example', 'https://two.example'],
  ['https://two.example.evil', undefined],
  ['null', undefined],
  [undefined, undefined],
])('of a list, pages of %s read as %s', async (origin, allowed) => {
  const url = await open([page], { corsOrigins: ['https://one.example', 'https://two.example'] });
  const { headers } = await ask(`${url}/page`, origin === undefined ? {} : { headers: { origin } });
  expect(headers['access-control-allow-origin']).toBe(allowed);
  expect(headers.vary).toBe('Accept, Accept-Encoding, Origin');
});

test('HEAD has the headers of GET and no body', async () => {
  const url = await open([page]);
  const { status, headers, body } = await ask(`${url}/page`, { method: 'HEAD' });
  expect([status, headers['content-length'], body.length]).toEqual([200, String(LONG.length), 0]);
});

test.each([
  ['gzip', true],
  ['br, gzip;q=0.5', true],
  ['*', true],
  ['gzip;q=0', false],
  ['*;q=0.5, gzip;q=0', false],
  ['identity', false],
  [undefined, false],
])('Accept-Encoding %s', async (accept, isZipped) => {
  const url = await open([page]);
  const reply = await ask(`${url}/page`, accept === undefined ? {} : { headers: { 'accept-encoding': accept } });
  expect(reply.headers['content-encoding']).toBe(isZipped ? 'gzip' : undefined);
  expect((isZipped ? gunzipSync(reply.body) : reply.body).toString()).toBe(LONG);
  expect(reply.headers.vary).toBe('Accept, Accept-Encoding');
});

describe('a client that has the answer already', () => {
  test.each([
    ['if-none-match', (tag: string) => tag, 304],
    ['if-none-match', (tag: string) => `"other", ${tag}`, 304],
    ['if-none-match', (tag: string) => tag.replace('W/', ''), 304],
    ['if-none-match', () => '*', 304],
    ['if-none-match', () => '"other"', 200],
    ['if-modified-since', () => 'Sun, 13 Sep 2020 12:26:40 GMT', 304],
    ['if-modified-since', () => 'Sun, 13 Sep 2020 12:26:39 GMT', 200],
    ['if-modified-since', () => 'yesterday', 200],
  ])('%s %s', async (header, value, expected) => {
    const url = await open([page]);
    const tag = (await ask(`${url}/page`)).headers.etag!;
    const { status, body } = await ask(`${url}/page`, { headers: { [header]: value(tag) } });
    expect([status, body.length > 0]).toEqual([expected, expected === 200]);
  });

  test('If-None-Match overrules If-Modified-Since', async () => {
    const url = await open([page]);
    const headers = { 'if-none-match': '"other"', 'if-modified-since': 'Sun, 13 Sep 2026 12:26:40 GMT' };
    expect((await ask(`${url}/page`, { headers })).status).toBe(200);
  });
});

test.each([
  ['GET', '/', 404, 'not-found'],
  ['GET', '/page/', 404, 'not-found'],
  ['GET', '//page', 404, 'not-found'],
  ['GET', '/echo/', 404, 'not-found'],
  ['GET', '/echo/%zz', 400, 'bad-request'],
  ['POST', '/page', 405, 'method-not-allowed'],
  ['DELETE', '/echo/a', 405, 'method-not-allowed'],
  ['GET', '/broken', 500, 'internal'],
])('%s %s is %d %s', async (method, path, status, code) => {
  const logged: unknown[] = [];
  const log: Logger = { ...silentLogger, error: (message, fields) => logged.push(message, fields) };
  const url = await open([page, echo, broken], {}, log);
  const reply = await ask(url + path, { method });
  expect([reply.status, reply.headers['content-type'], reply.headers['cache-control']]).toEqual([
    status,
    'application/json',
    'no-store',
  ]);
  expect(JSON.parse(reply.text)).toEqual({ error: { status, code, message: expect.any(String) as string } });
  expect(reply.text).not.toContain('hunter2');
  if (status === 405) expect(reply.headers.allow).toBe(path === '/page' ? 'GET, HEAD' : 'GET, HEAD, POST');
  expect(logged).toHaveLength(status === 500 ? 2 : 0);
});

test('parts of the path, the query and the fields of a form', async () => {
  const url = await open([echo]);
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const posted = await ask(`${url}/echo/a%20b?x=1`, { method: 'POST', headers, body: 'y=2&z=%20' });
  expect(JSON.parse(posted.text)).toEqual({ what: 'a b', query: [['x', '1'], ['y', '2'], ['z', ' ']] }); // prettier-ignore
  expect((await ask(`${url}/echo/a%2Fb`)).status).toBe(404); // parts of paths name znodes
  const other = await ask(`${url}/echo/a`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'y=2' });
  expect(JSON.parse(other.text)).toEqual({ what: 'a', query: [] });
});

test('a body that is too long is refused, and the server goes on', async () => {
  const url = await open([echo], { limits: { bodyBytes: 100 } });
  const reply = await ask(`${url}/echo/a`, { method: 'POST', body: 'x'.repeat(101) });
  expect([reply.status, reply.headers.connection]).toEqual([413, 'close']);
  expect((await ask(`${url}/echo/a`, { method: 'POST', body: 'x'.repeat(100) })).status).toBe(200);
});

test('bytes that are fewer than promised break the connection', async () => {
  const url = await open([
    {
      path: '/short',
      handle: () => ({
        kind: 'stream',
        status: 200,
        type: 'text/plain',
        length: 10,
        bytes: async function* () {
          yield await Promise.resolve(Buffer.from('short'));
        },
      }),
    },
  ]);
  await expect(ask(`${url}/short`)).rejects.toThrow('aborted');
});

test('headers that are too long are refused', async () => {
  const url = await open([page], { limits: { headerBytes: 2048 } });
  expect((await ask(`${url}/page`, { headers: { 'x-long': 'x'.repeat(4096) } })).status).toBe(431);
});

test('who sends no request in time is hung up on', async () => {
  const url = await open([page], { limits: { headersMs: 50, requestMs: 100 } });
  expect(await spoken(url, 'GET /page HT')).toContain(' 408 ');
});

test('who sends nonsense is hung up on', async () => {
  const url = await open([page]);
  expect(await spoken(url, 'hello\r\n\r\n')).toContain(' 400 ');
});

test('who asks too often is told to wait, and may ask again later', async () => {
  const url = await open([page], { limits: { ratePerPeer: { perSecond: 2, burst: 3 } } });
  const statuses = async (count: number) => {
    const all: number[] = [];
    for (let index = 0; index < count; index += 1) all.push((await ask(`${url}/page`)).status);
    return all;
  };
  expect(await statuses(4)).toEqual([200, 200, 200, 429]);
  expect((await ask(`${url}/page`)).headers['retry-after']).toBe('1');
  await clock.advance(1000);
  expect(await statuses(3)).toEqual([200, 200, 429]);
});

test('every request is told at debug', async () => {
  const told: unknown[] = [];
  const log: Logger = { ...silentLogger, debug: (_message, fields) => told.push(fields) };
  const url = await open([page], {}, log);
  await ask(`${url}/page?token=hunter2`);
  await server!.close();
  expect(told).toEqual([{ method: 'GET', path: '/page', status: 200, peer: '127.0.0.1', ms: 0 }]);
});

describe('event streams', () => {
  const waiting: Route = {
    path: '/events',
    handle: () => ({
      kind: 'events',
      run: async (out, signal) => {
        await out.send({ event: 'first', id: '7', data: 'one\ntwo' });
        await once(signal, 'abort');
        signal.throwIfAborted();
      },
    }),
  };

  test('send events as they come and comments meanwhile; the server closes them', async () => {
    const url = await open([waiting]);
    const events = await EventReader.open(`${url}/events`);
    expect(await events.next()).toEqual({ event: 'first', id: '7', data: 'one\ntwo' });
    await clock.untilSleeping(1);
    const comment = events.comment();
    await clock.advance(15_000);
    await comment;
    expect(events.comments).toBe(1);
    await server!.close();
    expect(await events.next()).toBeUndefined();
    expect(clock.sleeping).toBe(0);
  });

  test('end with their client', async () => {
    let ended: () => void = () => undefined;
    const end = new Promise<void>((done) => (ended = done));
    const url = await open([
      {
        path: '/events',
        handle: () => ({
          kind: 'events',
          run: async (out, signal) => {
            await out.send({ event: 'first', data: '' });
            await once(signal, 'abort');
            ended();
          },
        }),
      },
    ]);
    const events = await EventReader.open(`${url}/events`);
    await events.next();
    events.close();
    await end;
  });

  test('are limited in number', async () => {
    const url = await open([waiting], { limits: { streams: 1 } });
    const events = await EventReader.open(`${url}/events`);
    await expect(EventReader.open(`${url}/events`)).rejects.toThrow('status 503');
    events.close();
  });

  test('wait for a client that does not read, and hold nothing for it', async () => {
    let sent = 0;
    const stuck = { told: () => undefined as void };
    const isStuck = new Promise<void>((done) => (stuck.told = done));
    const url = await open([
      {
        path: '/events',
        handle: () => ({
          kind: 'events',
          run: async (out, signal) => {
            const data = 'x'.repeat(64 * 1024);
            while (!signal.aborted) {
              const turn = out.send({ event: 'much', data });
              sent += 1;
              const first = await Promise.race([turn.then(() => 'sent'), noNews()]);
              if (first === 'stuck') stuck.told();
              await turn;
            }
          },
        }),
      },
    ]);
    const socket = await dial(url);
    socket.pause();
    socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await isStuck;
    expect(sent * 64).toBeLessThan(64 * 1024); // kB that sockets hold, not all there is to send
    socket.destroy();
  });
});

test('closing waits for answers under way, and for nobody who only holds a connection', async () => {
  let answer: () => void = () => undefined;
  const asked = { told: () => undefined as void };
  const isAsked = new Promise<void>((done) => (asked.told = done));
  const url = await open([
    {
      path: '/slow',
      handle: async () => {
        asked.told();
        await new Promise<void>((done) => (answer = done));
        return textAnswer(200, 'done');
      },
    },
  ]);
  const idle = await dial(url);
  const reply = ask(`${url}/slow`);
  await isAsked;
  const closed = server!.close();
  answer();
  expect((await reply).text).toBe('done');
  await clock.advance(2_000); // what is left is cut
  await closed;
  await expect(ask(`${url}/slow`)).rejects.toThrow('ECONNREFUSED');
  idle.destroy();
});

test('an address in use, and the number of no port, are said in one line', async () => {
  await open([page]);
  const again = (port: number) =>
    startWeb({ port, listenAddress: '127.0.0.1', routes: [] }, { clock: systemClock, log: silentLogger });
  await expect(again(server!.port)).rejects.toThrow(/^cannot listen at 127\.0\.0\.1 port \d+: .*EADDRINUSE/);
  await expect(again(99_999)).rejects.toThrow(WebListenError);
});

function dial(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  return once(socket, 'connect').then(() => socket);
}

/** What the server says to `text` before it hangs up. */
async function spoken(url: string, text: string): Promise<string> {
  const socket = await dial(url);
  let said = '';
  socket.on('data', (it: Buffer) => (said += it.toString()));
  socket.write(text);
  await once(socket, 'close');
  return said;
}

/** After so many turns of the event loop nothing has moved. */
async function noNews(): Promise<string> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((done) => setImmediate(done));
  return 'stuck';
}
