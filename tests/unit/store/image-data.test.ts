import { newNode } from '../../../src/model/node-record';
import type { Store } from '../../../src/store/api';
import { eraseBuildData, eraseNodeData } from '../../../src/store/erase-provider';
import { exportImageData, importImageData, printImageData } from '../../../src/store/image-data';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { readExport, readTree } from '../../support/fixture-tree';
import { putTree } from '../../support/put-tree';
import { never, World } from './world';

let world: World;
let zk: ZooKeeper;
let store: Store;
let tools: ReturnType<World['tools']>;
beforeEach(async () => {
  world = new World();
  zk = await world.connect();
  tools = world.tools(zk);
  store = openStore(zk, tools);
});
afterEach(async () => {
  await store.close();
  await world.close();
});

test('exports what Python exported of the same tree', async () => {
  await putTree(zk, readTree('08-image-paused'));
  const data = await exportImageData(zk, tools);
  expect(data).toEqual(readExport());
  expect(JSON.parse(printImageData(data))).toEqual(readExport());
});

test('imports it into an empty tree, and later uploads get larger numbers', async () => {
  await importImageData(zk, tools, readExport());
  expect(await exportImageData(zk, tools)).toEqual(readExport());
  const [build] = [...(await store.images.read()).get('deb')!.builds.values()];
  const claim = (await store.images.claimUploads(build!.key, 'fake-east', never))!;
  const upload = build!.providers.get('fake-east')!.uploads.get('0000000001')!.record!;
  expect(Number((await claim.createUpload(upload)).key.upload)).toBeGreaterThan(1);
});

test('imports over what is there, also with large numbers', async () => {
  const path = '/nodepool/images/i/builds/b/providers/p/images/0000000017';
  const text = '{"state": "ready", "state_time": 1}';
  await importImageData(zk, tools, { [path]: text });
  await importImageData(zk, tools, { [path]: text });
  expect((await zk.get(path)).data.toString()).toBe(text);
  expect((await zk.children('/nodepool/images/i/builds/b/providers/p/images')).children).toEqual(['0000000017']);
});

test('erases builds and nodes of one provider, and nothing of others', async () => {
  await putTree(zk, readTree('08-image-paused'));
  const claims = [];
  for (const provider of ['fake-east', 'fake-west']) {
    claims.push(await store.nodes.create(newNode({ provider, pool: 'main', type: ['small'], stateTime: 1 }), never));
  }
  await eraseBuildData(store, tools, 'fake-east');
  await eraseNodeData(store, 'fake-east');
  const [build] = [...(await store.images.read()).get('deb')!.builds.values()];
  expect([...build!.providers.keys()]).toEqual(['fake-west']);
  expect([...(await store.nodes.read()).values()].map((it) => it.record?.provider)).toEqual(['fake-west']);
  for (const it of claims) await it.release();
});
