import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { Store } from '../../../src/store/api';
import { orderDrain } from '../../../src/store/drains';
import { openStore } from '../../../src/store/store';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { eventually } from '../../support/eventually';
import { startTestCloud, type TestCloud } from '../../support/fake-cloud';
import { ended, endDaemons, startDaemon, textOf, untilDumps, untilSays, writeConfig } from './daemon-process';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

describe('flags of a daemon in the foreground', () => {
  let server: PrivateServer;
  let cloud: TestCloud;
  let zk: ZooKeeper;
  let store: Store;
  let folder: string;
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, tickMs: 500 });
    cloud = await startTestCloud();
  });
  afterAll(async () => {
    await cloud.close();
    await server.stop();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nodepool-flags-'));
    const chroot = `/t${systemRandom.hex(4)}`;
    writeConfig(folder, server, chroot);
    zk = await openZooKeeper({ hosts: `${server.hosts}${chroot}` }, tools);
    store = openStore(zk, tools);
    await zk.connected();
  });
  afterEach(async () => {
    await endDaemons();
    await store.close();
    await zk.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name: string) => join(folder, name);

  /** Logs in two ways, as the file of -l says: everything as JSON, dumps alone as text. */
  const logging = () => {
    writeFileSync(
      file('logging.yaml'),
      `version: 1
formatters: {json: {class: nodepool.JsonFormatter}, plain: {format: '%(message)s'}}
handlers:
  all: {class: logging.FileHandler, filename: ${file('all.json')}, formatter: json}
  dumps: {class: logging.FileHandler, filename: ${file('dumps.txt')}, formatter: plain}
loggers: {nodepool.stack_dump: {level: INFO, handlers: [dumps], propagate: false}}
root: {level: INFO, handlers: [all]}
`,
    );
    return ['-l', file('logging.yaml')];
  };

  test('-l decides what is logged where; --no-builder and --no-deletes leave out what they say; --profile-dir', async () => {
    const argv = ['-f', '-c', file('nodepool.yaml'), ...logging(), '--no-builder', '--no-deletes', '--no-webapp'];
    const child = startDaemon('nodepoold', [...argv, '--profile-dir', file('images')], cloud);
    const end = ended(child);
    await untilSays(file('all.json'), 'launcher is ready');
    for (const line of textOf(file('all.json')).trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
    child.kill('SIGUSR2');
    await untilSays(file('dumps.txt'), 'CPU profile is being taken');
    const loops = [...textOf(file('dumps.txt')).matchAll(/ loop loop=([^:]+):/g)].map((it) => it[1]);
    expect(loops).toEqual(expect.arrayContaining(['lost requests', 'min-ready', 'pool fake-east-main']));
    expect(loops.filter((it) => ['deletion', 'leaks fake-east', 'builds', 'uploads'].includes(it!))).toEqual([]);
    child.kill('SIGTERM');
    expect(await end).toEqual({ status: 0, output: '' });
    expect(readdirSync(file('images')).filter((it) => it.endsWith('.cpuprofile'))).toHaveLength(1);
    expect((await store.components.read()).builder).toEqual([]);
  });

  test('--log-file, in a folder that is not there yet: all goes to it, and nothing to the terminal', async () => {
    const log = file('new/d.log');
    const argv = ['-f', '-c', file('nodepool.yaml'), '--log-file', log, '--no-webapp'];
    const child = startDaemon('nodepool-launcher', argv, cloud);
    const end = ended(child);
    await untilSays(log, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO nodepool: launcher is ready/m);
    child.kill('SIGTERM');
    expect(await end).toEqual({ status: 0, output: '' });
    expect(textOf(log)).toContain('the daemon has ended');
  });

  test('--no-images: the builder is there, and builds nothing', async () => {
    const argv = ['-f', '-c', file('nodepool.yaml'), ...logging(), '--no-images', '--no-launches', '--no-webapp'];
    const child = startDaemon('nodepoold', argv, cloud);
    const end = ended(child);
    const components = store.components.view();
    await eventually(() => components.builders.size === 1 && components.launchers.size === 1);
    await untilDumps(child.pid!, file('dumps.txt'), 'loop loop=builds: waits to be nudged');
    child.kill('SIGTERM');
    expect((await end).status).toBe(0);
    expect([...store.images.view().images.values()].flatMap((it) => [...it.builds.values()])).toEqual([]);
  });

  test('an order to the launcher half of nodepoold to finish ends the whole daemon', async () => {
    const argv = ['-f', '-c', file('nodepool.yaml'), ...logging(), '--no-launches', '--no-webapp'];
    const child = startDaemon('nodepoold', argv, cloud);
    const end = ended(child);
    await untilSays(file('all.json'), 'launcher is ready');
    await untilSays(file('all.json'), 'builder runs');
    await eventually(() => store.components.view().launchers.size === 1);
    const [launcher] = store.components.view().launchers.values();
    const { signal } = new AbortController();
    expect(await orderDrain({ zk, ...tools }, launcher!.znode, 'a test', signal)).toBe('told');
    expect(await end).toEqual({ status: 0, output: '' });
  });

  test.each([
    ['is not there', undefined, /^nodepool-builder: Unable to read logging config file at \S+logging.yaml\n$/],
    [
      'is wrong',
      'version: 1\nroot: {level: LOUD}\n',
      /^nodepool-builder: \S+logging.yaml:2:8: root.level: there is no level LOUD/,
    ],
  ])('a log configuration that %s ends it with status 1', async (_title, text, message) => {
    if (text !== undefined) writeFileSync(file('logging.yaml'), text);
    const argv = ['-f', '-c', file('nodepool.yaml'), '-l', file('logging.yaml')];
    const { status, output } = await ended(startDaemon('nodepool-builder', argv, cloud));
    expect(status).toBe(1);
    expect(output).toMatch(message);
  });
});
