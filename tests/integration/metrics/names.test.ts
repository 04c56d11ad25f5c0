import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { main as builder } from '../../../src/builder/command';
import { BUILDER_METRICS } from '../../../src/builder/metrics-definitions';
import { PROVIDER_CALLS } from '../../../src/drivers/call-metrics';
import { main as launcher } from '../../../src/launcher/command';
import * as launcherMetrics from '../../../src/launcher/metrics-definitions';
import { NODE_STATES } from '../../../src/model/records';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { CONFIGURATION_OK } from '../../../src/runtime/metrics/configuration-metrics';
import type { MetricDefinition } from '../../../src/runtime/metrics/definition';
import { PROCESS_METRICS } from '../../../src/runtime/metrics/process-metrics';
import { systemRandom } from '../../../src/runtime/random';
import { Scope } from '../../../src/runtime/scope';
import { connectScheduler } from '../../../src/scheduler/scheduler';
import { openZooKeeper } from '../../../src/store/open-zookeeper';
import { openStore } from '../../../src/store/store';
import { startZooKeeper } from '../../../src/zk/server/private-server';
import { ZOOKEEPER_METRICS } from '../../../src/zk/zookeeper-metrics';
import { FAKE_TOOL } from '../../support/builder-farm';
import { startTestCloud, type TestCloud } from '../../support/fake-cloud';
import { StatsdSocket } from '../../support/statsd-socket';
import { RunningProgram } from './running-program';

const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
const HOST = hostname().replaceAll('.', '\\.');
const FQDN = `${HOST}[^:|]*`;

/** Everything of metrics.md 3 to 8 that a healthy fleet and two failures bring about, as name and type. */
const EXPECTED: readonly (readonly [string, string])[] = [
  ['dib_image_build.deb.qcow2.size', 'g'],
  ['dib_image_build.deb.status.duration', 'ms'],
  ['dib_image_build.deb.status.rc', 'g'],
  ['dib_image_build.deb.status.last_build', 'g'],
  ['image_update.deb.fake-east', 'ms'],
  ['image_update.deb.fake-east', 'c'],
  [`builder.${FQDN}.image.deb.build.state`, 'g'],
  [`builder.${FQDN}.image.deb.provider.fake-east.upload.state`, 'g'],
  ['image.deb.image_build_requests', 'g'],
  ['image_build_requests', 'g'],
  ...NODE_STATES.flatMap((state) => [
    [`nodes.${state}`, 'g'] as const,
    [`provider.fake-east.nodes.${state}`, 'g'] as const,
    [`label.small.nodes.${state}`, 'g'] as const,
  ]),
  ['provider.fake-east.pool.main.addressable_requests', 'g'],
  ['provider.fake-east.max_servers', 'g'],
  ...['cores', 'instances', 'ram', 'volumes'].map((it) => [`tenant_limits.ten_ant.${it}`, 'g'] as const),
  ...['ready', 'error.status', 'error.quota'].flatMap((result) =>
    ['', 'provider.fake-east.', 'provider.fake-east.az1.', 'requestor.Zuul_zs01_org.'].flatMap((scope) =>
      ['ms', 'c'].map((type) => [`launch.${scope}${result}`, type] as const),
    ),
  ),
  [`launcher.${HOST}.zk.client.connection_queue`, 'g'],
  ...['node', 'request', 'image'].flatMap((cache) =>
    ['event', 'playback'].map((queue) => [`launcher.${HOST}.zk.${cache}_cache.${queue}_queue`, 'g'] as const),
  ),
];

const config = (zookeeper: string, folder: string) => `
zookeeper-servers: [{host: 127.0.0.1, port: ${zookeeper.split(':')[1]!}}]
webapp: {port: 0, listen_address: 127.0.0.1, builder_port: 0}
images-dir: ${folder}/images
build-log-dir: ${folder}/logs
tenant-resource-limits: [{tenant-name: ten.ant, max-cores: 100, max-volumes: 3}]
labels: [{name: small}]
diskimages: [{name: deb, formats: [qcow2], dib-cmd: ${FAKE_TOOL}, elements: [one]}]
providers:
  - name: fake-east
    driver: fake
    cloud: fake
    rate: 1000
    diskimages: [{name: deb}]
    pools:
      - name: main
        max-servers: 5
        availability-zones: [az1]
        labels: [{name: small, diskimage: deb, min-ram: 1024}]
`;

async function fetched(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

function missingOf(statsd: StatsdSocket): string[] {
  return EXPECTED.flatMap(([name, type]) => {
    const pattern = new RegExp(`^nodepool\\.${name}$`);
    const found = [...statsd.names()].some(
      (it) => pattern.test(it) && statsd.values(it).some((value) => value.endsWith(`|${type}`)),
    );
    return found ? [] : [`${name} ${type}`];
  });
}

function shownNames(...groups: readonly (Readonly<Record<string, MetricDefinition>> | MetricDefinition)[]): string[] {
  const all = groups.flatMap((it) => ('kind' in it ? [it as MetricDefinition] : Object.values(it)));
  return all.flatMap((it) => (it.prometheus === undefined ? [] : [it.prometheus.name]));
}

/** Names that the text declares and that have a value. */
function namesIn(text: string): ReadonlySet<string> {
  const valued = new Set(text.split('\n').flatMap((it) => /^(\w+)[{ ]/.exec(it)?.[1] ?? []));
  return new Set([...valued].map((it) => it.replace(/_(bucket|sum|count)$/, '')));
}

describe('a launcher and a builder', () => {
  let scope: Scope;
  let statsd: StatsdSocket;
  let cloud: TestCloud;
  let hosts: string;
  let file: string;

  beforeEach(async () => {
    scope = new Scope();
    const folder = scope.own(await mkdtemp(join(tmpdir(), 'nodepool-metrics-')), (it) =>
      rm(it, { recursive: true, force: true }),
    );
    const server = scope.own(await startZooKeeper({ clock: systemClock, fsync: false, tickMs: 500 }), (it) =>
      it.stop(),
    );
    hosts = server.hosts;
    cloud = scope.own(await startTestCloud(), (it) => it.close());
    statsd = scope.own(await StatsdSocket.open(), (it) => it.close());
    file = join(folder, 'nodepool.yaml');
    await writeFile(file, config(hosts, folder));
  });
  afterEach(() => scope.close());

  const run = (program: typeof launcher, env: Readonly<Record<string, string>> = statsd.env) =>
    scope.own(new RunningProgram(program, ['-f', '-c', file], { ...process.env, ...cloud.env, ...env }), (it) =>
      it.drain(),
    );

  async function scheduler() {
    const zk = scope.own(await openZooKeeper({ hosts }, tools), (it) => it.close());
    const store = scope.own(openStore(zk, tools), (it) => it.close());
    await zk.connected();
    return { store, zuul: scope.own(connectScheduler(store, { name: 'Zuul:zs01.org' }, tools), (it) => it.close()) };
  }

  test('send every name, with its type, and show the same to Prometheus', async () => {
    cloud.cloud.injectFault('fake-east', { operation: 'create-server', effect: 'boot-error', times: 1 });
    cloud.cloud.injectFault('fake-east', {
      operation: 'create-server',
      status: 403,
      message: 'Quota exceeded for instances',
      after: 1,
      times: 1,
    });
    const [one, two] = [run(builder), run(launcher)];
    await one.says(/upload is ready/);
    await two.says(/launcher is ready/);
    const { zuul } = await scheduler();
    const request = await zuul.submit({ labels: ['small'] });
    const signal = new AbortController().signal;
    await zuul.await(request, signal);
    const set = await zuul.accept(request, signal);
    await statsd.until(() => missingOf(statsd).length === 0);
    expect(statsd.last('nodepool.tenant_limits.ten_ant.instances')).toBe('inf|g');
    expect(statsd.last('nodepool.provider.fake-east.max_servers')).toBe('5|g');
    expect(statsd.last('nodepool.dib_image_build.deb.status.rc')).toBe('0|g');
    for (const it of statsd.packets) expect(it.length).toBeLessThanOrEqual(512);
    const unknown = [...statsd.names()].filter(
      (it) => !EXPECTED.some(([name]) => new RegExp(`^nodepool\\.${name}$`).test(it)),
    );
    expect(unknown).toEqual([]);

    const pages = await Promise.all([
      one.says(/build logs are served url=(\S+)/),
      two.says(/status pages are served url=(\S+)/),
    ]);
    const port = (url: string) => new URL(url).port;
    const [builderText, launcherText] = await Promise.all(
      pages.map((it) => fetched(`http://127.0.0.1:${port(it[1]!)}/metrics`)),
    );
    const { LEAKED: _rare, ...launcherGroups } = launcherMetrics;
    const shared = [ZOOKEEPER_METRICS, PROCESS_METRICS, PROVIDER_CALLS, CONFIGURATION_OK];
    const launcherShows = shownNames(...Object.values(launcherGroups), ...shared);
    expect(launcherShows.filter((it) => !namesIn(launcherText!).has(it))).toEqual(['nodepool_requests_waiting']);
    const builderShows = shownNames(BUILDER_METRICS, ...shared);
    expect(builderShows.filter((it) => !namesIn(builderText!).has(it))).toEqual([]);
    expect(launcherText).toContain('nodepool_stats_leader 1');
    expect(launcherText).toMatch(
      /nodepool_handover_seconds_count\{provider="fake-east",pool="main",requestor_kind="scheduler"\} 1/,
    );
    await set.release();
  });

  test('without the variables nothing is sent, and nobody stands for election', async () => {
    const [one, two] = [run(builder, {}), run(launcher, {})];
    await one.says(/upload is ready/);
    await two.says(/launcher is ready/);
    const { store } = await scheduler();
    expect(await store.zk.exists('/nodepool/elections/stats')).toBeUndefined();
    expect(statsd.packets).toEqual([]);
  });

  test('show whether the files are in force', async () => {
    const [one, two] = [run(builder), run(launcher)];
    const pages = await Promise.all([
      one.says(/build logs are served url=(\S+)/),
      two.says(/status pages are served url=(\S+)/),
    ]);
    await two.says(/launcher is ready/);
    const shown = async () =>
      Promise.all(
        pages.map(async (it) => {
          const text = await fetched(`http://127.0.0.1:${new URL(it[1]!).port}/metrics`);
          return /^nodepool_configuration_ok (\d)$/m.exec(text)?.[1];
        }),
      );
    expect(await shown()).toEqual(['1', '1']);
    await writeFile(file, 'labels: 7\n');
    await Promise.all([one.says(/configuration cannot be used/), two.says(/configuration cannot be used/)]);
    expect(await shown()).toEqual(['0', '0']);
  });

  test('one of two launchers sends the fleet; the other takes over', async () => {
    const other = scope.own(await StatsdSocket.open(), (it) => it.close());
    const first = run(launcher);
    const hasFleet = (names: ReadonlySet<string>) => names.has('nodepool.nodes.ready');
    await statsd.until(hasFleet);
    const second = run(launcher, other.env);
    await second.says(/launcher is ready/);
    await other.until((it) => it.has('nodepool.provider.fake-east.max_servers'));
    expect(hasFleet(other.names())).toBe(false);
    await first.drain();
    await other.until(hasFleet);
    expect(statsd.last('nodepool.label.small.nodes.ready')).toBe('0|g');
  });
});

test('the page of metrics names every one of them', async () => {
  const page = await readFile(join(__dirname, '..', '..', '..', 'docs', 'metrics.md'), 'utf8');
  const groups = [
    ...Object.values(launcherMetrics),
    BUILDER_METRICS,
    ZOOKEEPER_METRICS,
    PROCESS_METRICS,
    PROVIDER_CALLS,
    CONFIGURATION_OK,
  ];
  const all = groups.flatMap((it) =>
    'kind' in it ? [it as MetricDefinition] : (Object.values(it) as MetricDefinition[]),
  );
  const names = all.flatMap((it) => [
    ...(it.statsd === undefined ? [] : [it.statsd.replace(/\{(\w+)~?\}/g, '<$1>')]),
    ...(it.prometheus === undefined ? [] : [it.prometheus.name]),
  ]);
  expect(names.filter((it) => !page.includes(`\`${it}\``))).toEqual([]);
});
