import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { groupBuildFiles } from '../../../src/decide/image-files';
import { systemClock } from '../../../src/runtime/clock';
import type { BuildEntry, ImageEntry } from '../../../src/store/api';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, FAKE_TOOL, fakeProvider, type FarmConfig } from '../../support/builder-farm';
import { TcpProxy } from '../../support/tcp-proxy';

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

const buildsOf = (images: ReadonlyMap<string, ImageEntry>): readonly BuildEntry[] =>
  [...images.values()].flatMap((it) => [...it.builds.values()]);

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

  const config: FarmConfig = {
    sessionSeconds: 4,
    diskImages: NAMES.flatMap((it) => [`- name: ${it}`, '  formats: [qcow2]', `  dib-cmd: ${FAKE_TOOL}`]),
    providers: PROVIDERS.flatMap((it) => fakeProvider(it, NAMES)),
  };

  /** Links of one builder to all servers, which can be broken. */
  let links: readonly TcpProxy[] = [];
  afterEach(async () => {
    await Promise.all(links.map((it) => it.close()));
    links = [];
  });
  const openLinks = async (): Promise<string> => {
    const targets = server.hosts.split(',').map((it) => it.split(':') as [string, string]);
    links = await Promise.all(targets.map(([host, port]) => TcpProxy.open({ host, port: Number(port) })));
    return links.map((it) => it.hosts).join(',');
  };

  /** Makes the image tools wait, so that each builder gets one of the images first; returns the files that hold them. */
  const paused = async (): Promise<readonly string[]> => {
    const files = BUILDERS.map((it) => join(farm.imagesDir(it), 'fake-image-create.pause'));
    for (const it of BUILDERS) await farm.configure(it, config); // makes the folders
    for (const it of files) await writeFile(it, '');
    return files;
  };

  /** Every file on every disk belongs to a READY build. */
  const checkFiles = async () => {
    const images = await farm.store.images.read();
    for (const name of BUILDERS) {
      for (const { key } of groupBuildFiles(await farm.files(name)).values()) {
        expect([key, images.get(key.image)?.builds.get(key.build)?.record?.state]).toEqual([key, 'ready']);
      }
    }
  };

  test('started at once, it builds every image once and spreads the work', async () => {
    const pauses = await paused();
    const patient = { ...config, sessionSeconds: 20 }; // nothing of it is to be made twice
    for (const it of await Promise.all(BUILDERS.map((name) => farm.start(name, patient))))
      await it.says(/building image/);
    for (const it of pauses) await rm(it);
    await farm.until(isServed);
    const builds = buildsOf(farm.store.images.view().images);
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
    await checkFiles();
  }, 240_000);

  test('with one killed, one frozen and one cut off, nothing is written twice, and in the end every image is served', async () => {
    const pauses = await paused();
    const hosts = await openLinks();
    const starting = BUILDERS.map((it) => farm.start(it, it === 'three' ? { ...config, hosts } : config));
    const [first, second, third] = await Promise.all(starting);
    for (const it of [first!, second!, third!]) await it.says(/building image/);
    await first!.kill();
    second!.signal('SIGSTOP');
    for (const it of links) it.silence(true);
    await third!.says(/image build failed.*cause=session-lost/); // it knows by its own clock: nobody tells it
    await farm.until((images) => [...images.values()].every((it) => !it.buildLocked)); // the servers know, too
    const abandoned = buildsOf(farm.store.images.view().images);
    expect(abandoned.map((it) => it.record?.state)).toEqual(['building', 'building', 'building']);

    for (const it of pauses) await rm(it);
    for (const it of links) it.silence(false);
    const ids = new Set(abandoned.map((it) => it.key.build));
    // By the one that came back; the others' records are gone. An image that was built twice stays twice.
    const builds = await farm.until((images) => {
      const now = buildsOf(images);
      const isOnce = now.length === NAMES.length && !now.some((it) => ids.has(it.key.build));
      return isServed(images) && isOnce && now;
    });
    expect(new Set(builds.map((it) => it.record!.builderId)).size).toBe(1);

    const said = second!.lines.length;
    second!.signal('SIGCONT');
    await second!.says(/image build failed.*cause=session-lost/, said);
    await (await farm.start('one')).says(/cleared what an interrupted build left|builder runs/);
    await Promise.all(NAMES.map((it) => farm.store.images.requestBuild(it)));
    await farm.until(
      (images) =>
        isServed(images) && [...images.values()].every((it) => it.buildRequestedAt === undefined && !it.buildLocked),
    );
    for (const it of farm.builders) it.signal('SIGTERM');
    await Promise.all(farm.builders.slice(1).map((it) => it.ended()));
    await checkFiles();
  }, 240_000);
});
