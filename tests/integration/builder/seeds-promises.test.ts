import { join } from 'node:path';
import { newestReadyUpload } from '../../../src/launcher/image-choice';
import { systemClock } from '../../../src/runtime/clock';
import type { ImageEntry } from '../../../src/store/api';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, DEB, fakeProvider } from '../../support/builder-farm';
import { nodepool } from '../cli/run-cli';

type Images = ReadonlyMap<string, ImageEntry>;
const uploads = (images: Images, provider = 'east') =>
  [...(images.get('deb')?.builds.values() ?? [])]
    .flatMap((it) => [...(it.providers.get(provider)?.uploads.values() ?? [])])
    .filter((it) => it.record?.state === 'ready');
const BOTH = { providers: [...fakeProvider('east'), ...fakeProvider('west')] };

/** What the first versions promised about images (builder.md 18, cli.md 10.2), with a real builder. */
describe("the seeds' promises", () => {
  let server: PrivateServer;
  let farm: BuilderFarm;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    farm = await BuilderFarm.open(server);
  });
  afterEach(() => farm.close());

  const cli = (...args: string[]) => nodepool(['-c', join(farm.folder, 'one', 'nodepool.yaml'), ...args]);
  /** The upload that a node would be launched from. */
  const inService = () => newestReadyUpload(farm.store.images.view(), 'deb', 'east')?.key;

  test('the newest ready image is used, the previous one is kept, and deleting a bad one reverts to it', async () => {
    await farm.start('one', {});
    const first = await farm.until((images) => uploads(images)[0]?.key);
    expect(inService()).toEqual(first);
    const rebuilt = await cli('image-update', 'east', 'deb');
    expect(rebuilt).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^deb-\w+ built\ndeb uploaded to east\n$/),
    });
    const second = await farm.until(() => (inService()?.build === first.build ? undefined : inService()));
    expect(uploads(farm.store.images.view().images)).toHaveLength(2);
    await cli('image-pause', 'deb');
    await cli('dib-image-delete', `deb-${second!.build}`);
    await farm.until(() => inService()?.build === first.build);
    await farm.until((images) => images.get('deb')!.builds.size === 1);
    expect(farm.cloudImages('east')).toHaveLength(1);
  });

  test('image-upload uploads again now, to one or to all, and of repeated ones two stay', async () => {
    await farm.start('one', BOTH);
    await farm.until((images) => uploads(images).length === 1 && uploads(images, 'west').length === 1);
    const before = inService()!;
    expect(await cli('image-upload', 'east', 'deb')).toMatchObject({ status: 0, stdout: 'deb uploaded to east\n' });
    await farm.until(() => inService()!.upload > before.upload && inService()!.build === before.build);
    expect(uploads(farm.store.images.view().images, 'west')).toHaveLength(1);
    expect((await cli('image-upload', 'deb')).status).toBe(0);
    await farm.until((images) => uploads(images).length === 2 && uploads(images, 'west').length === 2);
    await farm.until((images) => images.get('deb')!.uploadRequests.size === 0);
  });

  test('what cannot be done is said in the old words', async () => {
    await farm.configure('one', BOTH);
    const said = async (...args: string[]) => (await cli(...args)).stderr.trim();
    expect(await said('image-update', 'north', 'deb')).toMatch(/Provider north does not exist$/);
    expect(await said('image-upload', 'east', 'rhel')).toMatch(
      /Trying to upload a non disk-image-builder image: rhel$/,
    );
    await farm.configure('one', { diskImages: DEB, providers: fakeProvider('east', []).slice(0, 3) });
    expect(await said('image-update', 'deb')).toMatch(/Image specified, deb, is not in use\.$/);
  });

  test('a provider is removed by emptying its images: its uploads go, here and in the cloud; the others stay', async () => {
    await farm.start('one', BOTH);
    await farm.until((images) => uploads(images).length === 1 && uploads(images, 'west').length === 1);
    const west = [...fakeProvider('west').slice(0, 3), '  diskimages: []'];
    await farm.configure('one', { providers: [...fakeProvider('east'), ...west] });
    await farm.until((images) => uploads(images, 'west').length === 0 && uploads(images).length === 1);
    await farm.asked('delete-image');
    await farm.until((images) =>
      [...images.get('deb')!.builds.values()].every((it) => (it.providers.get('west')?.uploads.size ?? 0) === 0),
    );
    expect(farm.cloudImages('west')).toEqual([]);
    expect(farm.cloudImages('east')).toHaveLength(1);
  });
});
