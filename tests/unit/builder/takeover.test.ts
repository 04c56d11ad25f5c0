import type { UploadKey } from '../../../src/model/paths';
import type { ImageEntry } from '../../../src/store/api';
import { BuilderInMemory, imageProvider } from '../../support/builder-in-memory';
import { settle } from '../../support/fake-clock';
import { readTree } from '../../support/fixture-tree';

/** Recorded from Python daemons, taken over after they have died: what was ephemeral is gone. */
const STALE = '758539c5fd9646f38907fb113d6ba3f3';
const OLD = '2b9a6204462047e682f05819e67721d1';

let builder: BuilderInMemory;
afterEach(() => builder.stop());

const takeOver = (tree: string) =>
  BuilderInMemory.start(
    [{ name: 'deb', formats: ['qcow2', 'raw'] }],
    [imageProvider('fake-east', ['deb']), imageProvider('fake-west', ['deb'])],
    async (it) => {
      for (const znode of readTree(tree)) {
        if (znode.ephemeral) continue;
        await it.zk.create(znode.path, Buffer.from(znode.data));
        const externalId = /"external_id": ?"(\w+)"/.exec(znode.data)?.[1];
        const provider = /providers\/([^/]+)\//.exec(znode.path)?.[1];
        if (externalId === undefined || provider === undefined) continue;
        it.cloud(provider).shelf.set(externalId, { externalId, name: externalId, metadata: {} });
      }
    },
  );
const deb = async (): Promise<ImageEntry> => (await builder.store.images.read()).get('deb')!;
const uploadsOf = (image: ImageEntry, build: string): readonly UploadKey[] =>
  [...(image.builds.get(build)?.providers.values() ?? [])].flatMap((it) =>
    [...it.uploads.values()].map((up) => up.key),
  );

test('a build that nobody makes any more goes, and what was asked for is made', async () => {
  builder = await takeOver('06-image-build-request-building');
  const ready = await builder.heard('build-ready');
  await builder.heard('cleanup', 0, ({ action }) => action.kind === 'remove-build' && action.build.build === STALE);
  for (const provider of ['fake-east', 'fake-west'])
    await builder.heard('upload-ready', 0, ({ key }) => key.provider === provider);
  await settle();
  const image = await deb();
  expect([...image.builds.keys()].sort()).toEqual([OLD, ready.key.build].sort());
  expect(uploadsOf(image, OLD)).toHaveLength(2);
  expect(image.buildRequestedAt).toBeUndefined();
});

test('uploads that nobody makes any more go; the build stays, whoever has its files', async () => {
  builder = await takeOver('03-image-uploading');
  for (const provider of ['fake-east', 'fake-west']) {
    await builder.heard(
      'cleanup',
      0,
      ({ action }) => action.kind === 'drop-upload' && action.upload.provider === provider,
    );
  }
  const image = await deb();
  expect([...image.builds.keys()]).toEqual([OLD]);
  expect(uploadsOf(image, OLD)).toEqual([]);
  expect(builder.events.some((it) => it.kind === 'build-started')).toBe(false);
});

test('a deletion that an operator began is finished, in the clouds and in the tree', async () => {
  builder = await takeOver('50-image-build-deleting');
  await builder.heard('cleanup', 0, ({ action }) => action.kind === 'remove-build' && action.build.build === OLD);
  const image = await deb();
  expect([...image.builds.keys()]).toEqual([STALE]);
  expect(uploadsOf(image, STALE)).toHaveLength(2);
  expect(['fake-east', 'fake-west'].map((it) => builder.cloud(it).shelf.size)).toEqual([1, 1]);
});

test('what is in order is left as it is', async () => {
  builder = await takeOver('07-image-two-builds-ready');
  await settle();
  await builder.clock.advance(60_000);
  const image = await deb();
  expect(image.builds.size).toBe(2);
  expect([...image.builds.keys()].flatMap((it) => uploadsOf(image, it))).toHaveLength(4);
  expect(builder.events).toEqual([]);
});
