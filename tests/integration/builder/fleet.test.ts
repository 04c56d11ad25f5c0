import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groupBuildFiles } from '../../../src/decide/image-files';
import { systemClock } from '../../../src/runtime/clock';
import type { ImageEntry } from '../../../src/store/api';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, FAKE_TOOL, fakeProvider } from '../../support/builder-farm';

const NAMES = Array.from({ length: 8 }, (_, index) => `deb-${index}`);
const PROVIDERS = ['east', 'west'];
const BUILDERS = ['one', 'two', 'three'];

/** Whether every image is READY, and uploaded to every provider. */
const isServed = (images: ReadonlyMap<string, ImageEntry>): boolean =>
  NAMES.every((name) =>
    PROVIDERS.every((provider) =>
      [...(images.get(name)?.builds.values() ?? [])].some((build) =>
        [...(build.providers.get(provider)?.uploads.values() ?? [])].some((it) => it.record?.state === 'ready'),
      ),
    ),
  );

describe('a fleet of builders', () => {
  let server: PrivateServer;
  let farm: BuilderFarm;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, members: 3 });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    farm = await BuilderFarm.open(server);
  });
  afterEach(() => farm.close());

  const config = {
    diskImages: NAMES.flatMap((it) => [`- name: ${it}`, '  formats: [qcow2]', `  dib-cmd: ${FAKE_TOOL}`]),
    providers: PROVIDERS.flatMap((it) => fakeProvider(it, NAMES)),
  };

  /** Makes the image tools wait, so that each builder gets one of the images first; returns the files that hold them. */
  const paused = async (): Promise<readonly string[]> => {
    const files = BUILDERS.map((it) => join(farm.imagesDir(it), 'fake-image-create.pause'));
    for (const it of BUILDERS) await farm.configure(it, config);
    for (const it of files) await writeFile(it, '');
    return files;
  };

  test('started at once, it builds every image once and spreads the work', async () => {
    const pauses = await paused();
    for (const it of await Promise.all(BUILDERS.map((name) => farm.start(name, config))))
      await it.says(/building image/);
    for (const it of pauses) await rm(it);
    await farm.until(isServed);
    const builds = [...farm.store.images.view().images.values()].flatMap((it) => [...it.builds.values()]);
    expect(builds).toHaveLength(NAMES.length);
    expect(PROVIDERS.map((it) => farm.cloudImages(it).length)).toEqual([NAMES.length, NAMES.length]);
    const shares = new Map<string, number>();
    for (const it of builds) shares.set(it.record!.builderId!, (shares.get(it.record!.builderId!) ?? 0) + 1);
    expect(shares.size).toBe(BUILDERS.length);
  });

  test('with one killed, one frozen and a server gone, every image is served, and every file belongs to a READY build', async () => {
    const pauses = await paused();
    const [first, second, third] = await Promise.all(BUILDERS.map((it) => farm.start(it, config)));
    for (const it of [first!, second!, third!]) await it.says(/building image/);
    await first!.kill();
    second!.signal('SIGSTOP');
    await (await server.leader()).kill();
    for (const it of pauses) await rm(it);
    await farm.until(isServed);
    second!.signal('SIGCONT');
    await farm.start('one');
    await Promise.all(NAMES.map((it) => farm.store.images.requestBuild(it)));
    await farm.until(
      (images) =>
        isServed(images) && [...images.values()].every((it) => it.buildRequestedAt === undefined && !it.buildLocked),
    );
    for (const it of farm.builders) it.signal('SIGTERM');
    await Promise.all(farm.builders.slice(1).map((it) => it.ended()));
    const images = await farm.store.images.read();
    for (const name of BUILDERS) {
      for (const { key } of groupBuildFiles(await farm.files(name)).values()) {
        expect([key, images.get(key.image)?.builds.get(key.build)?.record?.state]).toEqual([key, 'ready']);
      }
    }
  }, 120_000);
});
