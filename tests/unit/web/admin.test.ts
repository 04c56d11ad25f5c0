import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newRequest } from '../../../src/model/request-record';
import type { Fields, Logger } from '../../../src/runtime/log';
import type { ConfiguredImage } from '../../../src/web/admin-calls';
import { AdminTokens } from '../../../src/web/admin-tokens';
import { FakeClock } from '../../support/fake-clock';
import { ask, type Asking, inTime } from './fetch';
import { WebWorld } from './web-world';

const TOKEN = 'correct-horse-battery-staple';

/** Lines of a log, with the name of the logger they came through. */
class LogLines implements Logger {
  constructor(
    readonly lines: Fields[] = [],
    private readonly base: Fields = {},
  ) {}
  debug = () => undefined;
  info = (message: string, fields?: Fields) => void this.lines.push({ message, ...this.base, ...fields });
  warn = this.info;
  error = this.info;
  child = (fields: Fields) => new LogLines(this.lines, { ...this.base, ...fields });
}

let web: WebWorld;
let clock: FakeClock;
let folder: string;
let log: LogLines;
const images = new Map<string, ConfiguredImage>([['paused-image', { pause: true, providers: [] }]]);

const open = async (recorded: string, withTokens = true) => {
  clock = new FakeClock(1_795_228_100_000);
  log = new LogLines();
  folder = await mkdtemp(join(tmpdir(), 'admin-'));
  await writeFile(join(folder, 'tokens'), `alice ${TOKEN}\n`, { mode: 0o600 });
  const admin = withTokens ? { tokens: new AdminTokens(join(folder, 'tokens')), images: () => images } : undefined;
  web = await WebWorld.open(recorded, clock, () => [], admin, log);
};
afterEach(async () => {
  await web.close();
  await rm(folder, { recursive: true });
});

async function send(method: string, path: string, body?: unknown, token: string | undefined = TOKEN) {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const asking: Asking = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const reply = await ask(web.url(path), asking);
  await web.settled();
  return { status: reply.status, headers: reply.headers, value: JSON.parse(reply.text) as Record<string, unknown> };
}
const codeOf = ({ value }: { value: Record<string, unknown> }) => (value['error'] as { code: string }).code;
const audit = () => log.lines.filter((it) => it['logger'] === 'nodepool.audit');
const firstNode = () => [...web.store.nodes.view().nodes.values()][0]!;

const CALLS: readonly (readonly [string, string])[] = [
  ['GET', '/api/v1/who-am-i'],
  ['POST', '/api/v1/images/x/build'],
  ['POST', '/api/v1/images/x/upload'],
  ['POST', '/api/v1/images/x/pause'],
  ['POST', '/api/v1/images/x/unpause'],
  ['DELETE', '/api/v1/builds/x/0123'],
  ['DELETE', '/api/v1/builds/x/0123/uploads/p/0000000001'],
  ['POST', '/api/v1/nodes/1/hold'],
  ['POST', '/api/v1/nodes/1/release'],
  ['DELETE', '/api/v1/nodes/1'],
  ['POST', '/api/v1/requests'],
  ['DELETE', '/api/v1/requests/1'],
];

describe('who may', () => {
  test('nobody, without a file of tokens: the tree stays as it is', async () => {
    await open('12-min-ready-node-ready', false);
    const before = web.world.below('/nodepool');
    for (const [method, path] of CALLS) {
      const reply = await send(method, path);
      expect([path, reply.status, codeOf(reply)]).toEqual([path, 403, 'read-only']);
    }
    expect(web.world.below('/nodepool')).toEqual(before);
  });

  test('only who has a token; what was tried is written down, the token is not', async () => {
    await open('12-min-ready-node-ready');
    const before = web.world.below('/nodepool');
    for (const [method, path] of CALLS) {
      const without = await ask(web.url(path), { method });
      expect([path, without.status, without.headers['www-authenticate']]).toEqual([
        path,
        401,
        'Bearer realm="nodepool"',
      ]);
    }
    expect((await send('DELETE', '/api/v1/nodes/1', undefined, 'wrong-token-of-some-length')).status).toBe(401);
    expect(web.world.below('/nodepool')).toEqual(before);
    expect(audit()).toHaveLength(CALLS.length); // whoever only asks who they are is not written down
    expect(audit()[0]).toMatchObject({
      message: 'admin call refused',
      call: 'buildImage',
      peer: '127.0.0.1',
      status: 401,
    });
    expect(JSON.stringify(log.lines)).not.toContain('wrong-token');
  });

  test('guessing is slowed down to one try a second', async () => {
    await open('12-min-ready-node-ready');
    const tries = async () => (await send('DELETE', '/api/v1/nodes/none', undefined, 'guess-guess-guess-guess')).status;
    for (let it = 0; it < 10; it += 1) expect(await tries()).toBe(401);
    expect(await tries()).toBe(429);
    expect((await send('DELETE', '/api/v1/nodes/none')).status).toBe(429); // nor the right one
    await clock.advance(1_000);
    expect((await send('DELETE', '/api/v1/nodes/none')).status).toBe(404);
  });

  test('nobody while the file cannot be used', async () => {
    await open('12-min-ready-node-ready');
    await writeFile(join(folder, 'tokens'), 'alice');
    const reply = await send('DELETE', '/api/v1/nodes/none');
    expect([reply.status, codeOf(reply)]).toEqual([503, 'no-tokens']);
    expect(log.lines.map((it) => it['why'])).toContainEqual(expect.stringContaining('tokens:1: expected a name'));
  });

  test('nothing while ZooKeeper is away', async () => {
    await open('12-min-ready-node-ready');
    web.world.server.suspend(web.zk);
    const reply = await ask(web.url('/api/v1/nodes/1'), {
      method: 'DELETE',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect([reply.status, reply.text]).toEqual([503, expect.stringContaining('ZooKeeper is suspended')]);
    web.world.server.resume(web.zk);
  });
});

describe('nodes', () => {
  beforeEach(() => open('12-min-ready-node-ready'));

  test('are held, released, deleted, each under its lock and written down', async () => {
    const { id } = firstNode();
    const held = await send('POST', `/api/v1/nodes/${id}/hold`, { reason: 'a look', hold_time: 3600 });
    expect([held.status, held.value]).toEqual([200, { id, state: 'hold' }]);
    expect(firstNode().record).toMatchObject({ state: 'hold', comment: 'a look (alice)', holdExpiration: 3600 });
    expect((await send('POST', `/api/v1/nodes/${id}/release`)).value).toEqual({ id, state: 'used' });
    const again = await send('POST', `/api/v1/nodes/${id}/release`);
    expect([again.status, codeOf(again)]).toEqual([409, 'wrong-state']);
    expect((await send('DELETE', `/api/v1/nodes/${id}`)).value).toEqual({ id, state: 'deleting' });
    expect(firstNode().locked).toBe(false);
    expect(audit().map((it) => [it['who'], it['call'], it['status'], it['peer']])).toEqual([
      ['alice', 'holdNode', 200, '127.0.0.1'],
      ['alice', 'releaseNode', 202, '127.0.0.1'],
      ['alice', 'releaseNode', 409, '127.0.0.1'],
      ['alice', 'deleteNode', 202, '127.0.0.1'],
    ]);
    expect(audit()[0]!['body']).toBe('{"reason":"a look","hold_time":3600}');
  });

  test.each([
    [{ reason: 7 }, 'reason: '],
    [{ whatever: 1 }, 'body: Unrecognized key: "whatever"'],
    [{ hold_time: 0 }, 'hold_time: '],
  ])('with the body %j are left alone', async (body, message) => {
    const reply = await send('POST', `/api/v1/nodes/${firstNode().id}/hold`, body);
    expect([reply.status, (reply.value['error'] as { message: string }).message]).toEqual([
      400,
      expect.stringContaining(message),
    ]);
    expect(firstNode().record!.state).toBe('ready');
  });

  test('that are not there, or whose names lead elsewhere, are not found', async () => {
    expect((await send('DELETE', '/api/v1/nodes/none')).status).toBe(404);
    for (const it of ['..', '%2e%2e', 'lock%2f0', 'a%00'])
      expect([it, (await send('DELETE', `/api/v1/nodes/${it}`)).status]).toEqual([it, 404]);
  });

  test('that somebody else has locked are left alone', async () => {
    const { id } = firstNode();
    const claim = (await web.store.nodes.claim(id, new AbortController().signal))!;
    const reply = await inTime(send('DELETE', `/api/v1/nodes/${id}`), clock);
    expect([reply.status, codeOf(reply)]).toEqual([409, 'locked']);
    await claim.release();
    expect(firstNode().record!.state).toBe('ready');
  });
});

describe('requests', () => {
  beforeEach(() => open('12-min-ready-node-ready'));

  test('are filed for labels that a pool offers, and called off', async () => {
    const unknown = await send('POST', '/api/v1/requests', { labels: ['huge'] });
    expect([unknown.status, codeOf(unknown)]).toEqual([400, 'unknown-label']);
    const filed = await send('POST', '/api/v1/requests', { labels: ['small', 'small'], priority: 'high' });
    const id = filed.value['id'] as string;
    expect([filed.status, filed.headers.location, id.slice(0, 4)]).toEqual([201, `/api/v1/requests/${id}`, '100-']);
    expect(web.store.requests.view().requests.get(id)?.record).toMatchObject({
      requestor: 'web:alice',
      nodeTypes: ['small', 'small'],
      state: 'requested',
    });
    expect((await send('DELETE', `/api/v1/requests/${id}`)).value).toEqual({ id, nodes: [] });
    expect((await send('DELETE', `/api/v1/requests/${id}`)).status).toBe(404);
  });

  test('of a scheduler are only taken away with force', async () => {
    const record = newRequest({ nodeTypes: ['small'], requestor: 'zuul', stateTime: 1 });
    const id = await web.store.requests.create(record, 200, 'persistent');
    await web.settled();
    const polite = await send('DELETE', `/api/v1/requests/${id}`);
    expect([polite.status, codeOf(polite)]).toEqual([409, 'of-others']);
    const { id: node } = firstNode();
    const spare = await send('POST', `/api/v1/nodes/${node}/release`);
    expect([spare.status, codeOf(spare)]).toEqual([409, 'wrong-state']); // ready for whoever comes: nobody's to give back
    const claim = (await web.store.nodes.claim(node, new AbortController().signal))!;
    await claim.write({ allocatedTo: id });
    await claim.release();
    expect(codeOf(await send('POST', `/api/v1/nodes/${node}/release`))).toBe('of-others');
    expect((await send('POST', `/api/v1/nodes/${node}/release?force=true`)).status).toBe(202);
    expect((await send('DELETE', `/api/v1/requests/${id}?force=true`)).value).toEqual({ id, nodes: [] });
  });

  test('that are fulfilled give their nodes back as used, unless a scheduler has them', async () => {
    const { id: node } = firstNode();
    const { value } = await send('POST', '/api/v1/requests', { labels: ['small'] });
    const request = (await web.store.requests.claim(value['id'] as string, new AbortController().signal))!;
    const claim = (await web.store.nodes.claim(node, new AbortController().signal))!;
    await claim.write({ allocatedTo: request.id });
    await request.write({ state: 'fulfilled', nodes: [node] });
    await request.release();
    await web.settled();
    const busy = await inTime(send('DELETE', `/api/v1/requests/${request.id}`), clock);
    expect([busy.status, codeOf(busy)]).toEqual([409, 'locked']);
    await claim.release();
    expect((await send('DELETE', `/api/v1/requests/${request.id}`)).value).toEqual({ id: request.id, nodes: [node] });
    expect(firstNode().record!.state).toBe('used');
    expect(firstNode().locked).toBe(false);
    expect(web.store.requests.view().requests.has(request.id)).toBe(false);
  });
});

describe('images', () => {
  beforeEach(() => open('12-min-ready-node-ready'));
  const entry = () => web.tree.images[0]!;

  test('are asked for, paused and let go', async () => {
    const { image } = entry();
    expect((await send('POST', `/api/v1/images/${image}/build`)).value).toEqual({ image, build_request: 'pending' });
    expect(entry().buildRequestedAt).toBeDefined();
    expect((await send('POST', `/api/v1/images/${image}/pause`)).value).toEqual({ image, paused: true });
    expect(entry().paused).toBe(true);
    expect((await send('POST', `/api/v1/images/${image}/unpause`)).value).toEqual({ image, paused: false });
    expect(entry().paused).toBe(false);
    for (const it of ['build', 'upload', 'pause', 'unpause'])
      expect((await send('POST', `/api/v1/images/none/${it}`)).status).toBe(404);
    expect(codeOf(await send('POST', '/api/v1/images/paused-image/build'))).toBe('paused');
    expect(Object.keys(web.world.below('/nodepool/images')).filter((it) => it.startsWith('none'))).toEqual([]);
  });

  test('are uploaded once more where they are in use', async () => {
    const { image } = entry();
    images.set(image, { pause: false, providers: ['one', 'two'] });
    expect((await send('POST', `/api/v1/images/${image}/upload`, { provider: 'two' })).value).toEqual({
      image,
      providers: ['two'],
    });
    expect([...entry().uploadRequests.keys()]).toEqual(['two']);
    expect(codeOf(await send('POST', `/api/v1/images/${image}/upload`, { provider: 'three' }))).toBe('not-in-use');
    images.delete(image);
  });

  test('builds and uploads are marked for deletion', async () => {
    const { image } = entry();
    const build = [...entry().builds.values()][0]!;
    const provider = [...build.providers.values()].flatMap((it) => [...it.uploads.values()])[0]!;
    const path = `/api/v1/builds/${image}/${build.key.build}`;
    const upload = `${path}/uploads/${provider.key.provider}/${provider.key.upload}`;
    expect((await send('DELETE', upload)).value).toMatchObject({ state: 'deleting', provider: provider.key.provider });
    expect((await send('DELETE', path)).value).toMatchObject({ state: 'deleting', build: build.key.build });
    expect([...entry().builds.values()][0]!.record!.state).toBe('deleting');
    expect((await send('DELETE', `${path}x`)).status).toBe(404);
  });
});
