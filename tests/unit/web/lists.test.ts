import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakeClock } from '../../support/fake-clock';
import { readTree, treeNames } from '../../support/fixture-tree';
import { putTree } from '../../support/put-tree';
import { treeFixtures } from '../../support/fixtures';
import { ask } from './fetch';
import { WebWorld } from './web-world';

const JSON_ONLY = { accept: 'application/json' };
/** What webapp.md 6 promises: keys in order. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  '/image-list': ['id', 'upload_id', 'provider', 'image', 'external_name', 'external_id', 'state', 'age'],
  '/dib-image-list': ['id', 'image', 'builder', 'formats', 'state', 'age'],
  '/image-status': ['image', 'paused', 'build_request', 'build_request_age'],
  '/node-list':
    'id provider label server_id public_ipv4 ipv6 state age locked pool hostname private_ipv4 AZ username connection_port launcher allocated_to hold_job comment user_data driver_data'.split(
      ' ',
    ),
  '/request-list': ['id', 'relative_priority', 'state', 'requestor', 'node_types', 'nodes', 'declined_by', 'event_id'],
  '/label-list': ['label'],
};
const HEADINGS: Readonly<Record<string, string>> = {
  '/image-list': 'Build ID|Upload ID|Provider|Image|Provider Image Name|Provider Image ID|State|Age',
  '/dib-image-list': 'ID|Image|Builder|Formats|State|Age',
  '/image-status': 'Image|Paused|Build Request|Build Request Age',
  '/node-list':
    'ID|Provider|Label|Server ID|Public IPv4|IPv6|State|Age|Locked|Pool|Hostname|Private IPv4|AZ|Username|Port|Launcher|Allocated To|Hold Job|Comment|User Data|Driver Data',
  '/request-list': 'Request ID|Priority|State|Requestor|Node Types|Nodes|Declined By|Event ID',
  '/label-list': 'Label',
};
/** The second of the recording of 15: what `state_time` of its records is near to. */
const NOW_MS = 1_795_228_100_000;

let web: WebWorld;
afterEach(() => web.close());

describe.each(treeNames())('%s', (name) => {
  test('every list has the keys and headings of old, as JSON and as text', async () => {
    web = await WebWorld.open(name, new FakeClock(NOW_MS));
    for (const [path, keys] of Object.entries(KEYS)) {
      const json = await ask(web.url(path), { headers: JSON_ONLY });
      expect([path, json.status, json.headers['content-type']]).toEqual([path, 200, 'application/json']);
      const rows = JSON.parse(json.text) as Record<string, unknown>[];
      for (const row of rows) expect(Object.keys(row)).toEqual(keys);
      const text = await ask(web.url(path));
      expect(text.headers['content-type']).toBe('text/plain; charset=UTF-8');
      const lines = text.text.split('\n');
      expect(
        lines[1]!
          .split('|')
          .slice(1, -1)
          .map((it) => it.trim())
          .join('|'),
      ).toBe(HEADINGS[path]);
      expect(lines).toHaveLength(rows.length + 5); // three rules, the heading, what comes after the last line break
    }
  });
});

const recorded = JSON.parse(readFileSync(join(treeFixtures, 'command-line-output.json'), 'utf8')) as Record<
  string,
  readonly string[]
>;
const AGE = /\d\d:\d\d:\d\d:\d\d/g;

test.each([
  ['08-image-paused', '/image-list', 'image-list'],
  ['08-image-paused', '/dib-image-list', 'dib-image-list'],
  ['08-image-paused', '/image-status', 'image-status'],
  ['24-request-failed-declined-by-all', '/request-list', 'request-list'],
  ['15-node-in-use-locked', '/node-list?fields=id,provider,label,server_id,public_ipv4,ipv6,state,age,locked', 'list'],
])('%s: the table of %s is the one that was recorded', async (tree, path, command) => {
  web = await WebWorld.open(tree, new FakeClock(NOW_MS));
  const { text } = await ask(web.url(path));
  expect(text.replace(AGE, '').trimEnd().split('\n')).toEqual(recorded[command]!.map((it) => it.replace(AGE, '')));
});

test('a node in use, to the letter', async () => {
  web = await WebWorld.open('15-node-in-use-locked', new FakeClock(NOW_MS));
  const all = JSON.parse((await ask(web.url('/node-list'), { headers: JSON_ONLY })).text) as {
    id: string;
    state: string;
  }[];
  const { id } = all.find((it) => it.state === 'in-use')!;
  const { text } = await ask(web.url(`/node-list?node_id=${id}`), { headers: JSON_ONLY });
  const stored = web.store.nodes.view().nodes.get(id)!;
  const record = stored.record!;
  const text_ = (value: unknown) => JSON.stringify(value);
  const elapsed = (JSON.parse(text) as [{ age: string }])[0].age;
  expect(elapsed).toMatch(/^\d\d:\d\d:\d\d:\d\d$/);
  expect(text).toBe(
    `[{"id": "${id}", "provider": "${record.provider}", "label": ["small"], "server_id": ${text_(record.externalId)}, ` +
      `"public_ipv4": ${text_(record.publicIpv4)}, "ipv6": ${text_(record.publicIpv6)}, "state": "in-use", ` +
      `"age": "${elapsed}", "locked": "locked", "pool": "${record.pool}", "hostname": ${text_(record.hostname)}, ` +
      `"private_ipv4": ${text_(record.privateIpv4)}, "AZ": ${text_(record.az)}, "username": ${text_(record.username)}, ` +
      `"connection_port": ${text_(record.connectionPort)}, "launcher": ${text_(record.launcher)}, ` +
      `"allocated_to": ${text_(record.allocatedTo)}, "hold_job": null, "comment": null, ` +
      `"user_data": ${record.userData?.text ?? 'null'}, "driver_data": ${record.driverData?.text ?? 'null'}}]`,
  );
});

test('what webapp.md 7 shows: fields pick columns of the text, in the order of the list, and none of the JSON', async () => {
  web = await WebWorld.open('08-image-paused', new FakeClock(NOW_MS));
  const { text } = await ask(web.url('/image-list?fields=state,image,id,nonsense'));
  expect(text.split('\n')[3]).toMatch(/^\| [0-9a-f]{32} \| deb {3}\| ready \|$/);
  const json = await ask(web.url('/image-list?fields=id'), { headers: JSON_ONLY });
  expect(Object.keys((JSON.parse(json.text) as [object])[0])).toEqual(KEYS['/image-list']);
});

test('ages of images are UNIX seconds as JSON and elapsed as text; a paused image shows', async () => {
  web = await WebWorld.open('08-image-paused', new FakeClock(NOW_MS));
  const json = JSON.parse((await ask(web.url('/dib-image-list'), { headers: JSON_ONLY })).text) as {
    age: number;
    state: string;
    formats: string[];
  }[];
  for (const it of json) {
    expect(Number.isInteger(it.age)).toBe(true);
    expect([it.state, it.formats]).toEqual(['paused', ['qcow2', 'raw']]);
  }
  const text = await ask(web.url('/dib-image-list?fields=age'));
  expect(text.text.split('\n')[3]).toMatch(/^\| \d\d:\d\d:\d\d:\d\d \|$/);
});

test('labels of all pools, each once', async () => {
  web = await WebWorld.open('12-min-ready-node-ready', new FakeClock(NOW_MS));
  const { text } = await ask(web.url('/label-list'), { headers: JSON_ONLY });
  expect(text).toBe('[{"label": "big"}, {"label": "broken"}, {"label": "overq"}, {"label": "small"}]');
});

test('a build request that runs', async () => {
  web = await WebWorld.open(undefined, new FakeClock(NOW_MS));
  const tree = readTree('06-image-build-request-building');
  const isLock = ({ path }: { path: string }) => /^\/nodepool\/images\/deb\/builds\/lock$/.test(path);
  // The lock is older than the first build then, as when it was recorded; not so in the order of paths.
  await putTree(
    web.zk,
    tree.filter((it) => '/nodepool/images/deb/builds/lock'.startsWith(`${it.path}/`) || isLock(it)),
  );
  await putTree(web.zk, tree, { ephemeral: 'keep' });
  await web.settled();
  const { text } = await ask(web.url('/image-status'), { headers: JSON_ONLY });
  expect(text).toMatch(
    /^\[\{"image": "deb", "paused": false, "build_request": "building", "build_request_age": \d+\}\]$/,
  );
});

test('one node: locked as it is, an unknown one is an empty list, a posted form counts', async () => {
  web = await WebWorld.open('15-node-in-use-locked', new FakeClock(NOW_MS));
  const nodes = web.store.nodes.view().nodes;
  const { id } = [...nodes.values()].find((it) => it.locked)!;
  const only = await ask(web.url(`/node-list?node_id=${id}`), { headers: JSON_ONLY });
  expect(JSON.parse(only.text)).toMatchObject([{ id, locked: 'locked' }]);
  const posted = await ask(web.url('/node-list'), {
    method: 'POST',
    headers: { ...JSON_ONLY, 'content-type': 'application/x-www-form-urlencoded' },
    body: `node_id=${id}`,
  });
  expect(posted.text).toBe(only.text);
  expect((await ask(web.url('/node-list?node_id=1'), { headers: JSON_ONLY })).text).toBe('[]');
});

test.each([
  [undefined, 'text'],
  ['*/*', 'text'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
  ['text/html', 'text'],
  ['text/plain', 'text'],
  ['text/*', 'text'],
  ['application/json', 'json'],
  ['application/json, text/plain', 'text'],
  ['application/json, */*;q=0.5', 'json'],
  ['text/plain;q=0, */*;q=0.1, text/html;q=0', 'json'],
  ['image/png', 'none'],
])('Accept %s gives %s', async (accept, expected) => {
  web = await WebWorld.open('12-min-ready-node-ready', new FakeClock(NOW_MS));
  const { status, headers } = await ask(web.url('/label-list'), accept === undefined ? {} : { headers: { accept } });
  const type = { json: 'application/json', text: 'text/plain; charset=UTF-8', none: 'application/json' }[expected];
  expect([status, headers['content-type']]).toEqual([expected === 'none' ? 406 : 200, type]);
});

test('what is opaque keeps its digits, and what is secret does not show', async () => {
  web = await WebWorld.open(undefined, new FakeClock(NOW_MS));
  const node = (more: string) => Buffer.from(`{"state": "ready", "state_time": 1, "type": ["ö"], ${more}}`);
  await web.zk.create('/nodepool', Buffer.alloc(0));
  await web.zk.create('/nodepool/nodes', Buffer.alloc(0));
  await web.zk.create(
    '/nodepool/nodes/0000000001',
    node('"user_data": {"n": 340282366920938463463374607431768211455}, "connection_port": {"token": "hush"}'),
  );
  await web.zk.create(
    '/nodepool/nodes/0000000002',
    node('"driver_data": {"password": "hush"}, "connection_port": "22", "external_id": {"api_key": "hush"}'),
  );
  await web.settled();
  for (const [path, accept] of [
    ['/node-list', 'application/json'],
    ['/node-list', 'text/plain'],
    ['/api/v1/nodes', '*/*'],
  ] as const) {
    const { text } = await ask(web.url(path), { headers: { accept } });
    expect(text).not.toContain('hush');
    expect(text).toContain('0000000002');
  }
  const { text } = await ask(web.url('/node-list'), { headers: JSON_ONLY });
  expect(text).toContain('"user_data": {"n": 340282366920938463463374607431768211455}');
  expect(text).toContain('"label": ["\\u00f6"]');
  expect((JSON.parse(text) as { connection_port: unknown }[]).map((it) => it.connection_port)).toEqual([
    'redacted',
    '22',
  ]);
});

test('a broken record is left out, and shown with its reason beyond', async () => {
  web = await WebWorld.open('12-min-ready-node-ready', new FakeClock(NOW_MS));
  await web.zk.create('/nodepool/nodes/0000009999', Buffer.from('{'));
  await web.settled();
  expect((await ask(web.url('/node-list?node_id=0000009999'), { headers: JSON_ONLY })).text).toBe('[]');
  expect(JSON.parse((await ask(web.url('/api/v1/nodes/0000009999'))).text)).toMatchObject({
    state: null,
    broken: 'not JSON',
  });
});
