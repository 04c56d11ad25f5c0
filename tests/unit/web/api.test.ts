import { FakeClock } from '../../support/fake-clock';
import { treeNames } from '../../support/fixture-tree';
import { ask, EventReader, inTime } from './fetch';
import { complaints } from './schema-check';
import { WebWorld } from './web-world';

const LISTS = ['nodes', 'requests', 'images', 'builds', 'components', 'node-counts'] as const;

let web: WebWorld;
let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock(1_795_228_100_000);
});
afterEach(() => web.close());

const get = async <T>(path: string): Promise<T> => JSON.parse((await ask(web.url(path))).text) as T;

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

describe.each(treeNames())('%s', (name) => {
  test('every resource is as the document says, listed and one by one', async () => {
    web = await WebWorld.open(name, clock);
    const document = await get<OpenApi>('/api/v1/openapi.json');
    for (const list of LISTS) {
      const { schema } = document.paths[`/api/v1/${list}`]!.get.responses['200']!.content['application/json']!;
      const rows = await get<Record<string, string>[]>(`/api/v1/${list}`);
      expect(complaints(document, schema, rows)).toEqual([]);
      if (list === 'components' || list === 'node-counts') continue;
      for (const row of rows) {
        const path = {
          nodes: row['id'],
          requests: row['id'],
          images: row['image'],
          builds: `${row['image']}/${row['build']}`,
        };
        expect(await get(`/api/v1/${list}/${path[list]}`)).toEqual(row);
      }
    }
  });
});

test.each([
  ['/api/v1/nodes?state=ready', ['ready']],
  ['/api/v1/nodes?state=used', []],
  ['/api/v1/nodes?state=used,ready', ['ready']],
  ['/api/v1/nodes?label=big', ['ready']], // no such filter: ignored
  ['/api/v1/nodes?labels=big', []],
  ['/api/v1/nodes?labels=small&locked=false', ['ready']],
  ['/api/v1/nodes?locked=true', []],
  ['/api/v1/nodes?limit=1', ['ready']],
])('%s', async (path, states) => {
  web = await WebWorld.open('12-min-ready-node-ready', clock);
  expect((await get<{ state: string }[]>(path)).map((it) => it.state)).toEqual(states);
});

test.each(['0', '-1', 'x', ''])('a limit of %j is none', async (limit) => {
  web = await WebWorld.open('12-min-ready-node-ready', clock);
  expect((await ask(web.url(`/api/v1/nodes?limit=${limit}`))).status).toBe(400);
  expect(await get<object[]>('/api/v1/components')).not.toHaveLength(1);
  expect(await get<object[]>('/api/v1/components?limit=1')).toHaveLength(1);
});

test('lists keep their tag until something changes', async () => {
  web = await WebWorld.open('12-min-ready-node-ready', clock);
  const tag = async (path: string) => (await ask(web.url(path))).headers.etag!;
  const [nodes, requests] = [await tag('/api/v1/nodes'), await tag('/api/v1/requests')];
  await clock.advance(5_000);
  expect([await tag('/api/v1/nodes'), await tag('/api/v1/requests')]).toEqual([nodes, requests]);
  const [id] = web.store.nodes.view().nodes.keys();
  const claim = (await web.store.nodes.claim(id!, new AbortController().signal))!;
  await claim.write({ comment: 'changed' });
  await claim.release();
  await web.settled();
  expect(await tag('/api/v1/nodes')).not.toBe(nodes);
  expect(await tag('/api/v1/requests')).toBe(requests);
});

test('what changed twice within a second is not taken for the same by its date', async () => {
  web = await WebWorld.open('12-min-ready-node-ready', clock);
  const put = async (id: string) => {
    await web.zk.create(`/nodepool/nodes/${id}`, Buffer.from('{"state": "ready"}'));
    await web.settled();
  };
  const first = await ask(web.url('/api/v1/nodes'));
  const since = first.headers['last-modified']!;
  await put('0000005001');
  const second = await ask(web.url('/api/v1/nodes'), { headers: { 'if-modified-since': since } });
  expect([second.status, second.headers['last-modified']]).toEqual([200, undefined]);
  await clock.advance(1_000);
  const third = await ask(web.url('/api/v1/nodes'), { headers: { 'if-modified-since': since } });
  expect(third.status).toBe(200);
  const headers = { 'if-modified-since': third.headers['last-modified']! };
  expect((await ask(web.url('/api/v1/nodes'), { headers })).status).toBe(304);
  await put('0000005002');
  expect((await ask(web.url('/api/v1/nodes'), { headers })).status).toBe(200);
});

describe('health', () => {
  test('is ready when ZooKeeper was read and the loops run, and turns back when it is lost', async () => {
    web = await WebWorld.open('12-min-ready-node-ready', clock);
    const ready = async () => {
      const { status, text } = await ask(web.url('/ready'));
      return [status, status === 200 ? text : (JSON.parse(text) as { error: { message: string } }).error.message];
    };
    expect(await ready()).toEqual([200, 'OK']);
    for (const phase of ['starting', 'stopping'] as const) {
      web.phase = phase;
      expect(await ready()).toEqual([503, `the launcher is ${phase}`]);
    }
    web.phase = 'running';
    web.world.server.suspend(web.zk);
    expect(await ready()).toEqual([503, 'ZooKeeper is suspended']);
    expect(await get('/health')).toMatchObject({
      program: 'launcher',
      version: '1.2.3',
      ready: false,
      zookeeper: 'suspended',
      views: { nodes: 'stale', requests: 'stale', images: 'stale', components: 'stale' },
      uptime_seconds: 0,
    });
    const stale = await ask(web.url('/node-list'));
    expect([stale.status, stale.headers['warning']]).toEqual([200, '110 - "Response is Stale"']);
    web.world.server.resume(web.zk);
    await web.settled();
    expect(await ready()).toEqual([200, 'OK']);
    expect((await ask(web.url('/node-list'))).headers['warning']).toBeUndefined();
  });

  test('before the tree was read there are no lists, rather than empty ones', async () => {
    web = await WebWorld.open(undefined, clock);
    web.world.server.suspend(web.zk);
    const blind = await WebWorld.openBlind(web, clock);
    const statuses = ['/ready', '/health', '/node-list', '/api/v1/nodes', '/api/v1/nodes/1'].map(async (path) => [
      path,
      (await ask(`${blind.server.url}${path}`)).status,
    ]);
    expect(Object.fromEntries((await Promise.all(statuses)) as [string, number][])).toEqual({
      '/ready': 503,
      '/health': 200,
      '/node-list': 503,
      '/api/v1/nodes': 503,
      '/api/v1/nodes/1': 503,
    });
    web.world.server.resume(web.zk);
    await blind.close();
  });
});

test('changes are told as events: first everything, then ids, at rest in between', async () => {
  web = await WebWorld.open('12-min-ready-node-ready', clock);
  const events = await EventReader.open(web.url('/api/v1/events'));
  const first = [await events.next(), await events.next(), await events.next(), await events.next()];
  expect(first).toEqual(
    ['nodes', 'requests', 'images', 'components'].map((event) => ({ event, data: '{"all":true,"sight":"fresh"}' })),
  );
  await web.zk.create('/nodepool/nodes/0000005001', Buffer.from('{}'));
  await web.zk.create('/nodepool/nodes/0000005002', Buffer.from('{}'));
  await web.settled();
  expect(await inTime(events.next(), clock)).toEqual({
    event: 'nodes',
    data: '{"ids":["0000005001","0000005002"],"sight":"fresh"}',
  });
  web.world.server.suspend(web.zk);
  expect(await inTime(events.next(), clock)).toEqual({ event: 'nodes', data: '{"all":true,"sight":"stale"}' });
  web.world.server.resume(web.zk);
  events.close();
});
