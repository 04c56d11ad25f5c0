import { mkdtempSync, readlinkSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configErrorOf } from '../../../src/model/component-extras';
import { componentsPath } from '../../../src/model/paths';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { systemRandom } from '../../../src/runtime/random';
import type { Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { eventually } from '../../support/eventually';
import { startTestCloud, type TestCloud } from '../../support/fake-cloud';
import { ended, endDaemons, isAlive, startDaemon, textOf, untilDumps, untilSays, writeConfig } from './daemon-process';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

describe('a daemon as a process', () => {
  let server: PrivateServer;
  let cloud: TestCloud;
  let zk: ZooKeeper;
  let store: Store;
  let folder: string;
  let chroot: string;
  const pids = new Set<number>();

  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false, tickMs: 500 });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nodepool-daemon-'));
    chroot = `/t${systemRandom.hex(4)}`;
    cloud = await startTestCloud();
    zk = await openZooKeeper({ hosts: `${server.hosts}${chroot}` }, tools);
    store = openStore(zk, tools);
    await zk.connected();
  });
  afterEach(async () => {
    await endDaemons();
    for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    pids.clear();
    await store.close();
    await zk.close();
    await cloud.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name: string) => join(folder, name);

  /** Starts one and waits until its parent has gone. */
  async function inBackground(name: Parameters<typeof startDaemon>[0], ...more: string[]) {
    const args = ['-p', file('d.pid'), '--log-file', file('d.log'), '-c', file('nodepool.yaml'), ...more];
    const result = await ended(startDaemon(name, args, cloud));
    const pid = Number(textOf(file('d.pid')));
    if (pid > 0) pids.add(pid);
    return { ...result, pid };
  }

  async function stop(pid: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    process.kill(pid, signal);
    await eventually(() => !isAlive(pid));
  }

  test('nodepoold: both daemons in the background, on one session, until TERM', async () => {
    writeConfig(folder, server, chroot);
    const { status, output, pid } = await inBackground('nodepoold');
    expect({ status, output }).toEqual({ status: 0, output: '' });
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    expect(textOf(`/proc/${pid}/status`)).toMatch(/^Umask:\t0000$/m);
    expect(textOf(`/proc/${pid}/stat`).split(' ')[5]).toBe(String(pid)); // a session of its own
    const [components, nodes] = [store.components.view(), store.nodes.view()];
    await eventually(() => [...nodes.nodes.values()].some((it) => it.record?.state === 'ready'));
    const paths = [
      ...[...components.launchers.keys()].map((it) => `${componentsPath('launcher')}/${it}`),
      ...[...components.builders.keys()].map((it) => `${componentsPath('builder')}/${it}`),
    ];
    const owners = await Promise.all(paths.map(async (it) => (await zk.exists(it))?.ephemeralOwner));
    expect(owners).toHaveLength(2);
    expect(new Set(owners).size).toBe(1);
    expect(textOf(file('d.log'))).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO nodepool: launcher is ready/m);
    const begun = textOf(file('d.log')).length;
    writeFileSync(file('nodepool.yaml'), 'labels: [\n');
    const all = () => [...components.launchers.values(), ...components.builders.values()];
    await eventually(() => all().every((it) => configErrorOf(it.component) !== undefined));
    await untilSays(file('d.log'), 'not valid YAML');
    const news = textOf(file('d.log')).slice(begun);
    expect(
      news.match(/ERROR nodepool\S*: configuration cannot be used\n.*nodepool\.yaml:\d+:\d+: not valid YAML/g),
    ).toHaveLength(1);
    expect(news.match(/ ERROR /g)).toHaveLength(2); // the mistake is the second line of one message
    await stop(pid);
    expect(textOf(file('d.pid'))).toBe('');
    await eventually(() => components.launchers.size + components.builders.size === 0);
  });

  test('the builder alone, with the tool that pretends; JSON lines', async () => {
    writeConfig(folder, server, chroot);
    writeFileSync(
      file('nodepool.yaml'),
      textOf(file('nodepool.yaml')).replace(/dib-cmd: [^}]*/, 'dib-cmd: /no/such/tool'),
    );
    const { status, pid } = await inBackground('nodepool-builder', '--fake', '--log-format', 'json');
    expect(status).toBe(0);
    const images = store.images.view();
    await eventually(() =>
      [...(images.images.get('deb')?.builds.values() ?? [])].some((it) => it.record?.state === 'ready'),
    );
    await stop(pid, 'SIGINT');
    const lines = textOf(file('d.log')).trimEnd().split('\n');
    expect(lines.map((it) => JSON.parse(it) as object)).toContainEqual(
      expect.objectContaining({ level: 'info', logger: 'nodepool.builder', message: 'image is ready' }),
    );
  });

  test('without launches, nothing is launched; the launcher is there nevertheless', async () => {
    writeConfig(folder, server, chroot);
    const { pid } = await inBackground('nodepool-launcher', '--no-launches', '--no-webapp');
    await untilSays(file('d.log'), 'launcher is ready');
    const components = store.components.view();
    await eventually(() => components.launchers.size === 1);
    expect(components.pools.size).toBe(0);
    expect(textOf(file('d.log'))).not.toContain('status pages');
    await stop(pid, 'SIGUSR1');
  });

  test('mistakes of the setting up are seen on the terminal', async () => {
    writeFileSync(file('nodepool.yaml'), 'labels: [{nam: x}]\n');
    const { status, output } = await inBackground('nodepool-launcher');
    expect(status).toBe(1);
    expect(output).toContain('nodepool.yaml:1:');
    expect(textOf(file('d.pid'))).toBe('');
  });

  test('HUP begins logs anew and reads the configuration; a bad one is shown everywhere and changes nothing', async () => {
    writeConfig(folder, server, chroot);
    const { pid } = await inBackground('nodepool-launcher');
    await untilSays(file('d.log'), 'launcher is ready');
    const url = /status pages are served url=(\S+)/.exec(textOf(file('d.log')))![1]!;
    const health = async () =>
      (await (await fetch(`${url}/health`)).json()) as { ready: boolean; config_error: string };
    const components = store.components.view();
    const shown = () => [...components.launchers.values()].map((it) => configErrorOf(it.component))[0];
    expect(await health()).toMatchObject({ ready: true, config_error: null });
    renameSync(file('d.log'), file('d.log.1'));
    const good = textOf(file('nodepool.yaml'));
    writeFileSync(file('nodepool.yaml'), `${good}\nno-such-key: [\n`);
    utimesSync(file('nodepool.yaml'), 0, 0);
    process.kill(pid, 'SIGHUP');
    await eventually(() => shown() !== undefined);
    expect(shown()).toContain(`${file('nodepool.yaml')}:`);
    expect(await health()).toMatchObject({ ready: true, config_error: shown() });
    await untilSays(file('d.log'), /ERROR nodepool: configuration cannot be used/);
    writeFileSync(file('nodepool.yaml'), good);
    process.kill(pid, 'SIGHUP');
    await eventually(() => shown() === undefined);
    expect(await health()).toMatchObject({ config_error: null });
    await untilSays(file('d.log'), 'configuration can be used again');
    await stop(pid);
  });

  test('USR2 of a busy daemon tells what it does, and where it spends its time', async () => {
    writeConfig(folder, server, chroot);
    cloud.cloud.adjust('fake-east', { 'boot-time': 600 });
    const { pid } = await inBackground('nodepoold', '--no-webapp');
    await untilSays(file('d.log'), 'launcher is ready');
    const nodes = store.nodes.view();
    await eventually(() => [...nodes.nodes.values()].some((it) => it.record?.externalId !== null));
    const dumps = (lines: readonly string[]) => lines.filter((it) => it.includes(' nodepool.stack_dump: '));
    const lines = await untilDumps(pid, file('d.log'), ' cloud call provider=fake-east call=settled');
    const told = dumps(lines).map((it) => it.replace(/^.* nodepool.stack_dump: +/, ''));
    expect(told[0]).toMatch(new RegExp(`^what nodepoold \\S+, process ${pid} is doing, after 00:`));
    expect(told).toContainEqual(expect.stringMatching(/^memory: [\d.]+ MiB resident/));
    expect(told).toContainEqual(expect.stringMatching(/^zookeeper: connected, session 0x\w+, \d+ requests/));
    expect(told).toContainEqual(expect.stringMatching(/^handles: \d+ /));
    expect(told).toContainEqual(expect.stringMatching(/ loop loop=deletion: /));
    expect(told).toContainEqual(expect.stringMatching(/ serve request request=\S+ .*: launch node, for /));
    expect(told).toContainEqual(expect.stringMatching(/ wait for instance request=\S+ .*node=\d{10}/));
    await store.images.requestBuild('deb'); // something to do meanwhile
    await untilDumps(pid, file('d.log'), 'CPU profile is written');
    const name = /CPU profile is written file=(\S+)/.exec(textOf(file('d.log')))![1]!;
    expect(name).toMatch(new RegExp(`^${folder}/nodepoold-${pid}-\\d{8}T\\d{6}Z\\.cpuprofile$`));
    const profile = JSON.parse(textOf(name)) as Record<'nodes' | 'samples' | 'timeDeltas', unknown[]>;
    expect(profile.nodes.length).toBeGreaterThan(1);
    expect(profile.samples.length).toBeGreaterThan(0);
    expect(profile.timeDeltas).toHaveLength(profile.samples.length);
    const all = dumps(textOf(file('d.log')).split('\n'));
    const count = (text: string) => all.filter((it) => it.includes(text)).length;
    expect(count(' is doing, after ')).toBe(count(' CPU profile is being taken') + count(' CPU profile is written'));
    process.kill(pid, 'SIGTERM'); // orderly: waits for the launch
    await untilSays(file('d.log'), 'launcher finishes what it has in hand');
    await stop(pid); // impatient
  });
});
