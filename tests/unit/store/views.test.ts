import { newBuild, newUpload } from '../../../src/model/image-records';
import { newNode } from '../../../src/model/node-record';
import { newRequest } from '../../../src/model/request-record';
import type { Claim, Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import type { ZooKeeper } from '../../../src/zk/client';
import { FakeClock } from '../../support/fake-clock';
import { never, World } from './world';

const node = newNode({ state: 'building', provider: 'east', pool: 'main', type: ['small'], stateTime: 5 });
const request = newRequest({ nodeTypes: ['small'], requestor: 'me', stateTime: 5 });
const build = newBuild({ builder: 'b', builderId: 'i', formats: ['raw'], stateTime: 5 });
const upload = newUpload({ stateTime: 5, username: null, pythonPath: null, shellType: null });

let world: World;
let zk: ZooKeeper;
let store: Store;
/** Another participant. */
let other: Store;
const held: Claim[] = [];
/** Has it released at the end, because a lock watches its contender. */
const own = <C extends Claim>(claim: C): C => {
  held.push(claim);
  return claim;
};

beforeEach(async () => {
  world = new World();
  zk = await world.connect();
  store = openStore(zk, world.tools(zk));
  const otherZk = await world.connect();
  other = openStore(otherZk, world.tools(otherZk));
});
afterEach(async () => {
  for (const it of held.splice(0)) await it.release();
  await store.close();
  await other.close();
  expect(world.server.watches).toBe(0);
  await world.close();
});

describe('nodes', () => {
  test('show what others do, with their locks', async () => {
    const view = store.nodes.view();
    expect(store.nodes.view()).toBe(view);
    await view.ready();
    const claim = own(await other.nodes.create(node, never));
    await view.settled();
    expect(view.nodes.get(claim.id)).toMatchObject({ id: claim.id, locked: true, broken: undefined, record: node });
    await claim.write({ state: 'ready' });
    await claim.release();
    await view.settled();
    expect(view.nodes.get(claim.id)).toMatchObject({ locked: false, record: { state: 'ready' } });
    await other.nodes.remove(claim.id);
    await view.settled();
    expect(view.nodes.size).toBe(0);
  });

  test('show what was there before, broken ones too', async () => {
    const claim = own(await other.nodes.create(node, never));
    await zk.create('/nodepool/nodes/0000000005', Buffer.from('{"state":"?"}'));
    await zk.create('/nodepool/nodes/0000000006', Buffer.alloc(0));
    const view = store.nodes.view();
    expect([view.fresh, view.nodes.size]).toEqual([false, 0]);
    await view.ready();
    expect([...view.nodes.values()].map((it) => [it.id, it.broken, it.locked]).sort()).toEqual([
      [claim.id, undefined, true],
      ['0000000005', 'state "?" is unknown', false],
      ['0000000006', 'empty', false],
    ]);
  });

  test('show our own writes before their events', async () => {
    const view = store.nodes.view();
    await view.ready();
    const claim = own(await store.nodes.create(node, never));
    expect(view.nodes.get(claim.id)).toMatchObject({ locked: true, record: { state: 'building', comment: null } });
    const written = await claim.write({ state: 'ready' });
    expect(view.nodes.get(claim.id)).toMatchObject({ ...written });
    await claim.remove();
    expect(view.nodes.has(claim.id)).toBe(false);
  });

  test('keep the identity of an entry until it changes', async () => {
    const view = store.nodes.view();
    const [one, two] = [own(await other.nodes.create(node, never)), own(await other.nodes.create(node, never))];
    await view.settled();
    const [first, second] = [view.nodes.get(one.id), view.nodes.get(two.id)];
    await one.write({ az: 'a' });
    await view.settled();
    expect(view.nodes.get(one.id)).not.toBe(first);
    expect(view.nodes.get(two.id)).toBe(second);
    const locked = view.nodes.get(one.id)!;
    await one.release();
    await view.settled();
    expect(view.nodes.get(one.id)?.record).toBe(locked.record); // unlocking parses nothing again
  });

  test('nudge once for what came together, with the ids, and never from within', async () => {
    const view = store.nodes.view();
    await view.ready();
    const nudges: string[][] = [];
    const stop = view.onChange((ids) => nudges.push([...ids]));
    view.onChange(() => {
      throw new Error('a listener of poor manners');
    });
    const claim = own(await store.nodes.create(node, never));
    await view.settled();
    expect(new Set(nudges.flat())).toEqual(new Set([claim.id]));
    stop();
    const before = nudges.length;
    await claim.write({ az: 'a' });
    await view.settled();
    expect(nudges).toHaveLength(before);
  });

  test('are stale while the link is lost, and whole again after', async () => {
    const view = store.nodes.view();
    const claim = own(await other.nodes.create(node, never));
    await view.settled();
    world.server.suspend(zk);
    expect(view.fresh).toBe(false);
    await claim.remove();
    const second = own(await other.nodes.create(node, never));
    const fresh = new Promise<void>((done) => view.onChange(() => view.fresh && done()));
    world.server.resume(zk);
    await fresh;
    expect([...view.nodes.keys()]).toEqual([second.id]);
  });
});

test('requests show locks, also of those that are gone', async () => {
  const view = store.requests.view();
  const id = await other.requests.create(request, 200, 'ephemeral');
  const claim = (await other.requests.claim(id, never))!;
  await view.settled();
  expect(view.requests.get(id)).toMatchObject({ id, ephemeral: true, locked: true, record: { state: 'requested' } });
  expect(view.locks.get(id)).toMatchObject({ contended: true });
  await claim.write({ state: 'pending' });
  await other.requests.delete(id);
  await claim.release();
  await view.settled();
  expect(view.requests.size).toBe(0);
  expect(view.locks.get(id)).toEqual({ contended: false });
  await other.requests.removeLock(id);
  await view.settled();
  expect(view.locks.size).toBe(0);
});

test('in no hurry, what is written under a lock of others shows late, and as soon as anything once it is unlocked', async () => {
  const clock = new FakeClock();
  const calm = openStore(zk, { ...world.tools(zk), clock }, { lagMs: 10 });
  const [nodes, requests] = [calm.nodes.view(), calm.requests.view()];
  const held = own(await other.nodes.create(node, never));
  const id = await other.requests.create(request, 200, 'persistent');
  const taken = own((await other.requests.claim(id, never))!);
  const states = () => [nodes.nodes.get(held.id)?.record?.state, requests.requests.get(id)?.record?.state];
  await Promise.all([nodes.settled(), requests.settled()]);
  await held.write({ state: 'ready' });
  await taken.write({ state: 'pending' });
  await clock.advance(150);
  expect(states()).toEqual(['building', 'requested']);
  expect([nodes.isBehind(held.id), requests.isBehind(id)]).toEqual([true, true]);
  await clock.advance(50);
  expect(states()).toEqual(['ready', 'pending']);
  await held.writeAndRelease({ state: 'used' });
  await taken.writeAndRelease({ state: 'fulfilled' });
  await clock.advance(10);
  expect(states()).toEqual(['used', 'fulfilled']);
  await calm.close();
});

test('images are the same seen and read, through a whole life', async () => {
  const view = store.images.view();
  await view.ready();
  const check = async () => {
    await view.settled();
    expect(view.images).toEqual(await store.images.read());
    return view.images.get('deb')!;
  };
  const image = (await other.images.claimImage('deb', never))!;
  const { key, stored } = await image.createBuild(build);
  expect((await check()).buildLocked).toBe(true);
  await image.writeBuild(key, stored, { state: 'ready' });
  await image.release();
  await other.images.requestBuild('deb');
  await other.images.pause('deb');
  const uploads = (await other.images.claimUploads(key, 'east', never))!;
  const { key: uploadKey } = await uploads.createUpload(upload);
  const number = (await other.images.claimUpload(uploadKey, never))!;
  const full = await check();
  expect(full).toMatchObject({ paused: true, buildLocked: false });
  expect(full.builds.get(key.build)?.providers.get('east')).toMatchObject({ locked: true });
  expect(full.builds.get(key.build)?.providers.get('east')?.uploads.get('0000000001')).toMatchObject({ locked: true });
  await number.write({ state: 'ready' });
  await number.release();
  await uploads.release();
  await other.images.unpause('deb');
  await other.images.removeBuildRequest('deb');
  const later = await check();
  expect(later).not.toBe(full);
  expect(later.builds.get(key.build)?.record).toBe(full.builds.get(key.build)?.record);
  await other.images.claimUpload(uploadKey, never).then((it) => it!.remove());
  expect(await other.images.removeBuild(key)).toBe(true);
  expect((await check()).builds.size).toBe(0);
});

test('an image keeps its identity while others change', async () => {
  await other.images.requestBuild('one');
  await other.images.requestBuild('two');
  const view = store.images.view();
  await view.ready();
  const one = view.images.get('one');
  await other.images.pause('two');
  await view.settled();
  expect(view.images.get('one')).toBe(one);
  expect(view.images.get('two')?.paused).toBe(true);
});
