import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { webUrlOf } from '../../../src/model/component-extras';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import { launcherRoutes } from '../../../src/web/launcher-routes';
import { SeenTree } from '../../../src/web/seen-tree';
import { startWeb } from '../../../src/web/server';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { BuilderFarm, FAKE_TOOL } from '../../support/builder-farm';
import { ask, EventReader } from '../../unit/web/fetch';

describe('a builder that serves HTTP', () => {
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

  test('says where, is ready, and lets a build be followed from a launcher to its end', async () => {
    const diskImages = ['- name: deb', '  formats: [qcow2]', `  dib-cmd: ${FAKE_TOOL}`, '  elements: [one, two]'];
    const config = {
      diskImages: [...diskImages, '  env-vars: {SOME_TOKEN: element}'],
      more: ['webapp: {builder_port: 0, listen_address: 127.0.0.1}'],
    };
    await farm.configure('one', config);
    const pause = join(farm.imagesDir('one'), 'fake-image-create.pause');
    await writeFile(pause, ''); // the tool waits while it is there
    const builder = await farm.start('one', config);
    await builder.says(/builder runs/);
    const components = farm.store.components.view();
    await components.ready();
    const [entry] = components.builders.values();
    const url = webUrlOf(entry!.component)!;
    expect((await ask(`${url}/ready`)).text).toBe('OK');
    expect(JSON.parse((await ask(`${url}/health`)).text)).toMatchObject({ program: 'builder', zookeeper: 'connected' });

    const build = await farm.until((images) => [...(images.get('deb')?.builds.values() ?? [])][0]);
    await farm.logged('one', build.key, 'element');
    const tree = new SeenTree(farm.store);
    const routes = launcherRoutes(tree, {
      version: null,
      phase: () => 'running',
      clock: systemClock,
      log: silentLogger,
      random: systemRandom,
    });
    const tools = { clock: systemClock, log: silentLogger };
    const launcher = await startWeb({ port: 0, listenAddress: '127.0.0.1', routes }, tools);
    await Promise.all([farm.store.images.view().settled(), components.settled()]);
    const [{ log }] = JSON.parse((await ask(`${launcher.url}/api/v1/builds`)).text) as [{ log: string }];
    const redirect = await ask(`${launcher.url}${log}/stream`);
    expect([redirect.status, redirect.headers.location]).toEqual([307, `${url}${log}/stream`]);

    const followed = await EventReader.open(redirect.headers.location!);
    const first = await followed.next();
    expect(first).toMatchObject({ event: 'log', data: expect.stringContaining('******* two') as string });
    await rm(pause);
    const events = [first!, ...(await followed.until('end'))];
    const seen = events.filter((it) => it.event === 'log').map((it) => `${it.data}\n`);
    const file = await readFile(join(farm.logDir('one'), `deb-${build.key.build}.log`), 'utf8');
    expect(file).toContain('element');
    expect(seen.join('')).toBe(file.replaceAll('element', '*******'));
    expect(events.at(-1)!.data).toContain('"outcome":"ready"');
    const whole = await ask(`${url}${log}`);
    expect(whole.text).toBe(seen.join(''));
    const listed = JSON.parse((await ask(`${url}/api/v1/images`)).text) as unknown;
    expect(listed).toMatchObject([{ image: 'deb', newest_ready_build: build.key.build }]);
    expect((await ask(`${url}/api/v1/nodes`)).status).toBe(404);

    await launcher.close();
    tree.close();
    builder.signal('SIGTERM');
    expect(await builder.ended()).toBe(0);
    await expect(ask(`${url}/ready`)).rejects.toThrow('ECONNREFUSED');
  });

  test('that is not told to serve does not, and says nothing', async () => {
    const builder = await farm.start('one');
    await builder.says(/builder runs/);
    const components = farm.store.components.view();
    await components.settled();
    expect([...components.builders.values()].map((it) => webUrlOf(it.component))).toEqual([undefined]);
    expect(builder.lines.join('\n')).not.toContain('build logs are served');
  });
});
