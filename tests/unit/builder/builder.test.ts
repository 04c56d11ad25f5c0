import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RefusedError, RateLimitedError } from '../../../src/drivers/errors';
import { BuilderInMemory, imageProvider } from '../../support/builder-in-memory';
import { settle } from '../../support/fake-clock';
import { buildId } from '../../support/image-world';

let builder: BuilderInMemory;
afterEach(() => builder.stop());
const MINUTE = 60_000;

test('an idle builder asks ZooKeeper nothing', async () => {
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [imageProvider('east', ['jammy'])]);
  await builder.heard('upload-ready');
  for (let quiet = 0; quiet < 3;) {
    const soFar = builder.requests;
    await settle();
    await builder.clock.advance(MINUTE);
    quiet = builder.requests === soFar ? quiet + 1 : 0; // what the upload left to do reads real files
  }
  const before = builder.requests;
  for (let minute = 0; minute < 30; minute += 1) await builder.clock.advance(MINUTE);
  expect(builder.requests).toBe(before);
  expect(builder.cloud('east').lists).toBeGreaterThan(1); // it did look at what costs ZooKeeper nothing
});

test('an upload carries its ids, checksums and what the configuration adds', async () => {
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [imageProvider('east', ['jammy'])]);
  const { key, externalId } = await builder.heard('upload-ready');
  const { spec } = builder.cloud('east').shelf.get(externalId)!;
  const ids = { nodepool_build_id: key.build, nodepool_upload_id: key.upload, nodepool_provider_name: 'east' };
  expect(spec).toMatchObject({
    metadata: { colour: 'blue', ...ids },
    format: 'qcow2',
    image: 'jammy',
    name: 'jammy-1795300000',
  });
  expect(spec!.md5).toMatch(/^[0-9a-f]{32}$/);
  expect(spec!.sha256).toMatch(/^[0-9a-f]{64}$/);
  const { record } = (await builder.store.images.getUpload(key))!;
  expect(record).toMatchObject({ state: 'ready', externalId, externalName: 'jammy-1795300000', format: 'qcow2' });
});

test('an image is built again when it is as old as it may be, and the third newest retires', async () => {
  builder = await BuilderInMemory.start([{ name: 'jammy', rebuildAge: 3600 }], [imageProvider('east', ['jammy'])]);
  const first = await builder.heard('upload-ready');
  for (let round = 0; round < 2; round += 1) {
    const from = builder.events.length;
    await settle();
    await builder.clock.advance(3600_000);
    await builder.heard('upload-ready', from);
  }
  await builder.heard(
    'cleanup',
    0,
    ({ action }) => action.kind === 'remove-build' && action.build.build === first.key.build,
  );
  await builder.heard('files', 0, ({ action }) => action.build.build === first.key.build);
  expect([...builder.cloud('east').shelf.keys()]).toHaveLength(2);
  expect((await builder.store.images.read()).get('jammy')!.builds.size).toBe(2);
});

test('an image in the cloud that no record knows is removed when it was seen twice', async () => {
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [imageProvider('east', ['jammy'])], (it) => {
    const metadata = {
      nodepool_provider_name: 'east',
      nodepool_build_id: buildId(1),
      nodepool_upload_id: '0000000001',
    };
    it.cloud('east').shelf.set('lost', { externalId: 'lost', name: 'jammy-1', metadata });
    it.cloud('east').shelf.set('foreign', { externalId: 'foreign', name: 'x', metadata: {} });
    return Promise.resolve();
  });
  await builder.heard('upload-ready');
  await settle();
  expect(builder.cloud('east').shelf.has('lost')).toBe(true);
  await builder.clock.advance(MINUTE);
  const event = await builder.heard('orphan-removed');
  expect(event.externalId).toBe('lost');
  expect([...builder.cloud('east').shelf.keys()]).toEqual(['foreign', 'east-1']);
});

test('a failed upload is shown, tried again when its time has come, and cleared', async () => {
  let tries = 0;
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [imageProvider('east', ['jammy'])], (it) => {
    it.cloud('east').onUpload = () =>
      (tries += 1) === 1 ? Promise.reject(new RefusedError('east', 'bad image')) : Promise.resolve();
    return Promise.resolve();
  });
  const failed = await builder.heard('upload-failed');
  const retry = await builder.heard('retry');
  expect(retry).toMatchObject({ what: 'east/jammy', retry: { failures: 1, cause: 'provider' } });
  expect((await builder.store.images.getUpload(failed.key))!.record).toMatchObject({
    state: 'failed',
    externalId: null,
    username: null,
  });
  await settle();
  expect(tries).toBe(1);
  await builder.clock.advance(10_000);
  await builder.heard('upload-ready');
  await settle();
  await builder.clock.advance(MINUTE);
  await builder.heard('cleanup', 0, ({ action }) => action.kind === 'remove-upload');
});

test('a cloud that asks to slow down is not asked before its time', async () => {
  let tries = 0;
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [imageProvider('east', ['jammy'])], (it) => {
    it.cloud('east').onUpload = () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new RateLimitedError('east', 5 * MINUTE)) : Promise.resolve();
    };
    return Promise.resolve();
  });
  await builder.heard('retry');
  await settle();
  await builder.clock.advance(4 * MINUTE);
  expect(tries).toBe(1);
  await builder.clock.advance(2 * MINUTE);
  await builder.heard('upload-ready');
});

test('an image stays whose record became ready as the session went: nobody knows, and the record may be there', async () => {
  let onLost: () => void = () => undefined;
  const lost = new Promise<void>((resolve) => (onLost = resolve));
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [imageProvider('east', ['jammy'])], (it) => {
    it.cloud('east').onUpload = () => {
      it.server.dropReply({ op: 'transaction', path: /\/providers\/east\/images\/\d{10}$/ });
      return Promise.resolve();
    };
    it.zk.onState((state) => {
      if (state === 'suspended') it.server.expire(it.zk);
      if (state === 'lost') onLost();
    });
    return Promise.resolve();
  });
  await lost;
  await settle();
  const { builds } = (await builder.store.images.read()).get('jammy')!;
  const uploads = [...builds.values()].flatMap((it) => [...it.providers.get('east')!.uploads.values()]);
  expect(uploads.map((it) => it.record)).toMatchObject([{ state: 'ready', externalId: 'east-1' }]);
  expect([...builder.cloud('east').shelf.keys()]).toEqual(['east-1']);
});

test('a hook that fails takes the image back', async () => {
  const hook = { postUploadHook: '/bin/false' };
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [imageProvider('east', ['jammy'], hook)]);
  const failed = await builder.heard('upload-failed');
  expect(failed.failure).toMatchObject({ cause: 'hook' });
  expect([...builder.cloud('east').shelf.keys()]).toEqual([]);
});

test('the hook is told provider, id and file', async () => {
  let out = '';
  const provider = (hook?: string) => imageProvider('east', ['jammy'], { postUploadHook: hook });
  builder = await BuilderInMemory.start([{ name: 'jammy', pause: true }], [provider()], async (it) => {
    out = join(it.folder, 'said');
    await writeFile(join(it.folder, 'hook'), `#!/bin/sh\necho "$@" > '${out}'\n`, { mode: 0o755 });
  });
  builder.configure([{ name: 'jammy' }], [provider(join(builder.folder, 'hook'))]);
  const { key, externalId } = await builder.heard('upload-ready');
  expect(await readFile(out, 'utf8')).toBe(`east ${externalId} ${builder.imagesDir}/jammy-${key.build}.qcow2\n`);
});

test('with delete-after-upload the file goes when the last provider has it, others are kept or go at once', async () => {
  const image = { name: 'jammy', formats: ['raw', 'vhd'], keepFormats: ['raw'], deleteAfterUpload: true };
  builder = await BuilderInMemory.start([image], [imageProvider('east', ['jammy'])]);
  const { key } = await builder.heard('upload-ready');
  const pruned = await builder.heard(
    'files',
    0,
    ({ action }) => action.kind === 'prune-formats' && action.formats.includes('qcow2'),
  );
  expect(pruned.action.build).toEqual({ image: 'jammy', build: key.build });
  const files = (await readdir(builder.imagesDir)).filter((it) => it.startsWith('jammy')).map((it) => it.slice(39));
  expect(files.sort()).toEqual(['d', 'raw', 'raw.md5', 'raw.sha256']);
  expect((await builder.store.images.getBuild(key))!.record.formats).toEqual(['qcow2', 'raw', 'vhd']);
});

test('after an operator deletes the newest upload, the same build is uploaded again', async () => {
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [imageProvider('east', ['jammy'])]);
  const first = await builder.heard('upload-ready');
  const from = builder.events.length;
  await builder.store.images.markUploadDeleting(first.key);
  const second = await builder.heard('upload-ready', from);
  expect(second.key).toMatchObject({ build: first.key.build, provider: 'east' });
  await builder.heard('cleanup', from, ({ action }) => action.kind === 'remove-upload');
  expect([...builder.cloud('east').shelf.keys()]).toEqual([second.externalId]);
});

test('a paused image waits, and is built as soon as it is not paused', async () => {
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [], async (it) => {
    await it.store.images.requestBuild('jammy');
    await it.store.images.pause('jammy');
  });
  await settle();
  await builder.clock.advance(MINUTE);
  expect(builder.events).toEqual([]);
  await builder.store.images.unpause('jammy');
  await builder.heard('build-ready');
  await builder.store.images.view().settled();
  expect(builder.store.images.view().images.get('jammy')!.buildRequestedAt).toBeUndefined();
});

test('files stay whose build became ready as the session went, and are uploaded', async () => {
  const pause = (it: BuilderInMemory) => join(it.imagesDir, 'fake-image-create.pause');
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [imageProvider('east', ['jammy'])], (it) =>
    writeFile(pause(it), ''),
  );
  const { key } = await builder.heard('build-started');
  const lost = new Promise<void>((resolve) =>
    builder.zk.onState((state) => {
      if (state === 'suspended') builder.server.expire(builder.zk);
      if (state === 'lost') resolve();
    }),
  );
  builder.server.dropReply({ op: 'transaction', path: /\/builds\/[0-9a-f]{32}$/ });
  await rm(pause(builder));
  await lost;
  await settle();
  const build = (await builder.store.images.read()).get('jammy')!.builds.get(key.build)!;
  expect(build.record).toMatchObject({ state: 'ready' });
  expect(await readdir(builder.imagesDir)).toContain(`jammy-${key.build}.qcow2`);
  expect((await builder.heard('upload-ready')).key.build).toBe(key.build);
});

test('the loss of the session ends a build without a trace; it is built again with the next one', async () => {
  builder = await BuilderInMemory.start([{ name: 'jammy' }], [], async (it) => {
    await writeFile(join(it.imagesDir, 'fake-image-create.pause'), '');
  });
  const started = await builder.heard('build-started');
  builder.server.expire(builder.zk);
  const failed = await builder.heard('build-failed');
  expect(failed.failure.cause).toBe('session-lost');
  await builder.heard(
    'cleanup',
    0,
    ({ action }) => action.kind === 'remove-build' && action.build.build === started.key.build,
  );
  const again = await builder.heard('build-started', 1);
  expect(again.key.build).not.toBe(started.key.build);
  expect((await readdir(builder.imagesDir)).filter((it) => it.startsWith('jammy'))).toEqual([]);
});
