import { newBuild, newUpload } from '../../../src/model/image-records';
import { type BuildKey, buildPath, uploadPath } from '../../../src/model/paths';
import { TreeImages } from '../../../src/store/images';
import type { ZooKeeper } from '../../../src/zk/client';
import { never, World } from './world';

const build = newBuild({ builder: 'nb01', builderId: 'id', formats: ['raw'], stateTime: 5 });
const upload = newUpload({ stateTime: 6, username: 'zuul', pythonPath: 'auto', shellType: null });

let world: World;
let zk: ZooKeeper;
let images: TreeImages;

beforeEach(async () => {
  world = new World();
  const parts = await world.parts();
  zk = parts.zk;
  images = treeImages(parts);
});
afterEach(() => world.close());

const treeImages = (parts: ConstructorParameters<typeof TreeImages>[0]) =>
  new TreeImages(parts, () => {
    throw new Error('no view here');
  });
const stored = () => Object.keys(world.below('/nodepool/images'));

async function readyBuild(): Promise<BuildKey> {
  const claim = (await images.claimImage('deb', never))!;
  const { key, stored: before } = await claim.createBuild(build);
  await claim.writeBuild(key, before, { state: 'ready', username: 'zuul' });
  await claim.release();
  return key;
}

describe('building', () => {
  test('one at a time, under a fresh id, from building to ready', async () => {
    const claim = (await images.claimImage('deb', never))!;
    expect(await treeImages(await world.parts()).claimImage('deb', never)).toBeUndefined();
    const { key, stored: before } = await claim.createBuild(build);
    expect(key).toEqual({ image: 'deb', build: expect.stringMatching(/^[0-9a-f]{12}4[0-9a-f]{19}$/) as string });
    const after = await claim.writeBuild(key, before, { state: 'ready' });
    expect(after.record).toMatchObject({ state: 'ready', builder: 'nb01' });
    expect(after.record.stateTime).toBeGreaterThan(5);
    expect(await images.getBuild(key)).toEqual(after);
    await expect(claim.writeBuild(key, before, { state: 'failed' })).rejects.toMatchObject({
      reason: 'record-changed',
    });
    await claim.release();
  });

  test.each(['dropReply', 'dropRequest'] as const)('makes one record after %s', async (fault) => {
    const claim = (await images.claimImage('deb', never))!;
    world.server[fault]({ op: 'transaction' });
    const { key } = await claim.createBuild(build);
    expect([...(await zk.children('/nodepool/images/deb/builds')).children].sort()).toEqual([key.build, 'lock'].sort());
  });

  test('writes nothing once the session is lost', async () => {
    const claim = (await images.claimImage('deb', never))!;
    const { key, stored: before } = await claim.createBuild(build);
    world.server.expire(zk);
    await expect(claim.writeBuild(key, before, { state: 'ready' })).rejects.toMatchObject({ reason: 'lock-gone' });
    await expect(claim.createBuild(build)).rejects.toMatchObject({ reason: 'lock-gone' });
    await zk.connected();
    expect((await images.getBuild(key))?.record.state).toBe('building');
  });
});

describe('uploading', () => {
  test('begins with number 1, because the lock was there first', async () => {
    const key = await readyBuild();
    const claim = (await images.claimUploads(key, 'east', never))!;
    const { key: uploadKey, stored: before } = await claim.createUpload(upload);
    expect(uploadKey).toEqual({ ...key, provider: 'east', upload: '0000000001' });
    await claim.writeUpload(uploadKey, before, { state: 'ready', externalId: 'x' });
    expect((await images.getUpload(uploadKey))?.record).toMatchObject({ state: 'ready', externalId: 'x' });
    expect(await images.claimUploads(key, 'east', never)).toBeUndefined();
    const west = await images.claimUploads(key, 'west', never);
    expect(west).toBeDefined();
    await claim.removeUpload(uploadKey);
    await claim.removeUpload(uploadKey);
    expect(await images.getUpload(uploadKey)).toBeUndefined();
  });

  test.each(['dropReply', 'dropRequest'] as const)('makes one record after %s', async (fault) => {
    const key = await readyBuild();
    const claim = (await images.claimUploads(key, 'east', never))!;
    await claim.createUpload(upload);
    world.server[fault]({ op: 'transaction' });
    const { key: second } = await claim.createUpload(upload);
    expect(second.upload).toBe('0000000002');
    const dir = `${buildPath(key)}/providers/east/images`;
    expect([...(await zk.children(dir)).children].sort()).toEqual(['0000000001', '0000000002', 'lock']);
  });

  test('to a build that is gone, or empty, makes nothing', async () => {
    const key = { image: 'deb', build: 'gone' };
    await readyBuild();
    const before = stored();
    expect(await images.claimUploads(key, 'east', never)).toBeUndefined();
    expect(await images.claimUpload({ ...key, provider: 'east', upload: '0000000001' }, never)).toBeUndefined();
    expect(await images.claimBuild(key, never)).toBeUndefined();
    expect(stored()).toEqual(before);
  });

  test('writes nothing once the lock is gone', async () => {
    const key = await readyBuild();
    const claim = (await images.claimUploads(key, 'east', never))!;
    const { key: uploadKey, stored: before } = await claim.createUpload(upload);
    await zk.delete(
      stored()
        .filter((it) => it.includes('/images/lock/'))
        .map((it) => `/nodepool/images/${it}`)[0]!,
    );
    const lost = { reason: 'lock-gone' };
    await expect(claim.writeUpload(uploadKey, before, { state: 'ready' })).rejects.toMatchObject(lost);
    await expect(claim.createUpload(upload)).rejects.toMatchObject(lost);
    await expect(claim.removeUpload(uploadKey)).rejects.toMatchObject(lost);
    expect((await images.getUpload(uploadKey))?.record.state).toBe('uploading');
  });
});

describe('retiring', () => {
  test('an upload: marked, removed with its lock', async () => {
    const key = await readyBuild();
    const uploads = (await images.claimUploads(key, 'east', never))!;
    const { key: uploadKey, stored: before } = await uploads.createUpload(upload);
    await uploads.writeUpload(uploadKey, before, { state: 'failed' });
    const claim = (await images.claimUpload(uploadKey, never))!;
    await claim.write({ state: 'deleting' });
    await claim.remove();
    expect((await zk.children(`${buildPath(key)}/providers/east/images`)).children).toEqual(['lock']);
  });

  test('a build: not while an upload is there, or may come', async () => {
    const key = await readyBuild();
    const uploads = (await images.claimUploads(key, 'east', never))!;
    const { key: uploadKey } = await uploads.createUpload(upload);
    expect(await images.removeBuild(key)).toBe(false);
    const claim = (await images.claimBuild(key, never))!;
    await claim.write({ state: 'deleting' });
    await expect(claim.remove()).rejects.toMatchObject({ reason: 'record-changed' });
    await uploads.removeUpload(uploadKey);
    expect(await images.removeBuild(key)).toBe(false);
    await uploads.release();
    expect(await images.removeBuild(key)).toBe(true);
    expect(await images.removeBuild(key)).toBe(true);
    expect(stored()).toEqual(['deb', 'deb/builds', 'deb/builds/lock']);
  });

  test('a build through its claim', async () => {
    const key = await readyBuild();
    const claim = (await images.claimBuild(key, never))!;
    await claim.remove();
    expect(await images.getBuild(key)).toBeUndefined();
  });
});

test('an empty build is removed by whoever claims it, unless an upload hangs on it', async () => {
  const empty = { image: 'deb', build: 'ffff' };
  const key = { ...empty, provider: 'east', upload: '0000000001' };
  for (const path of ['/nodepool', '/nodepool/images', '/nodepool/images/deb', '/nodepool/images/deb/builds']) {
    await zk.create(path, Buffer.alloc(0));
  }
  const dirs = [buildPath(empty), `${buildPath(empty)}/providers`, `${buildPath(empty)}/providers/east`];
  for (const path of [...dirs, `${dirs[2]}/images`]) await zk.create(path, Buffer.alloc(0));
  await zk.create(uploadPath(key), Buffer.from('{"state":"ready","state_time":1}'));
  expect(await images.claimBuild(empty, never)).toBeUndefined();
  expect((await images.getUpload(key))?.record.state).toBe('ready');
  await images.claimUpload(key, never).then((it) => it!.remove());
  expect(await images.claimBuild(empty, never)).toBeUndefined();
  expect(stored()).toEqual(['deb', 'deb/builds']);
});

describe('operators', () => {
  test('ask for a build, and the request goes', async () => {
    await images.requestBuild('new');
    await images.requestBuild('new');
    expect((await images.read()).get('new')?.buildRequestedAt).toBeCloseTo(Date.now() / 1000, -2);
    await images.removeBuildRequest('new');
    await images.removeBuildRequest('new');
    expect((await images.read()).get('new')?.buildRequestedAt).toBeUndefined();
  });

  test('pause what is known, and unpause anything', async () => {
    await expect(images.pause('unknown')).rejects.toMatchObject({ code: 'NO_NODE' });
    await images.unpause('unknown');
    await readyBuild();
    await images.pause('deb');
    await images.pause('deb');
    expect((await images.read()).get('deb')?.paused).toBe(true);
    await images.unpause('deb');
    expect((await images.read()).get('deb')?.paused).toBe(false);
  });

  test('mark for deletion what is not under way', async () => {
    const key = await readyBuild();
    const uploads = (await images.claimUploads(key, 'east', never))!;
    const { key: uploadKey, stored: before } = await uploads.createUpload(upload);
    expect(await images.markUploadDeleting(uploadKey)).toBe('in-progress');
    await uploads.writeUpload(uploadKey, before, { state: 'ready' });
    world.server.dropReply({ op: 'set' });
    expect(await images.markUploadDeleting(uploadKey)).toBe('done');
    expect((await images.getUpload(uploadKey))?.record.state).toBe('deleting');
    expect(await images.markBuildDeleting(key)).toBe('done');
    const claim = (await images.claimImage('deb', never))!;
    const { key: running } = await claim.createBuild(build);
    expect(await images.markBuildDeleting(running)).toBe('in-progress');
    expect(await images.markBuildDeleting({ image: 'deb', build: 'x' })).toBe('not-found');
  });
});

test('reading tells what is locked, requested and broken', async () => {
  const key = await readyBuild();
  const image = (await images.claimImage('deb', never))!;
  const uploads = (await images.claimUploads(key, 'east', never))!;
  const { key: uploadKey } = await uploads.createUpload(upload);
  const number = (await images.claimUpload(uploadKey, never))!;
  await zk.create(buildPath({ image: 'deb', build: 'ffff' }), Buffer.alloc(0));
  await zk.create(`${uploadPath(uploadKey).slice(0, -1)}9`, Buffer.from('?'));
  const deb = (await images.read()).get('deb')!;
  expect([deb.buildLocked, deb.paused, deb.buildRequestedAt]).toEqual([true, false, undefined]);
  expect(deb.buildLockCreatedAt).toBeDefined();
  const [first, second] = [...deb.builds.values()].sort((one) => (one.broken === undefined ? -1 : 1));
  expect([first?.record?.state, first?.locked, second?.broken]).toEqual(['ready', false, 'empty']);
  const east = first!.providers.get('east')!;
  expect(east.locked).toBe(true);
  expect([...east.uploads.values()].map((it) => [it.key.upload, it.locked, it.broken])).toEqual([
    ['0000000001', true, undefined],
    ['0000000009', false, 'not JSON'],
  ]);
  for (const it of [image, uploads, number]) await it.release();
});
