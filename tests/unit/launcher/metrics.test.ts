import { LaunchFailedError, NoCapacityError, RefusedError } from '../../../src/drivers/errors';
import { TimeLimitError } from '../../../src/launcher/cloud-call';
import { launchResult, NoImageError } from '../../../src/launcher/launch-result';
import * as definitions from '../../../src/launcher/metrics-definitions';
import { leakedInstanceKind, reportLaunch, reportLeaks, reportRequest } from '../../../src/launcher/metrics-events';
import {
  type FleetSnapshot,
  reportConfiguration,
  reportFleet,
  reportQueue,
  reportQuota,
} from '../../../src/launcher/metrics-fleet';
import { NODE_STATES, type PoolComponent } from '../../../src/model/records';
import { HostKeyScanTimeoutError } from '../../../src/runtime/host-keys';
import { PrometheusMetrics } from '../../../src/runtime/metrics/prometheus';
import { RecordedMetrics } from '../../../src/runtime/metrics/recorded';
import { StatsdMetrics } from '../../../src/runtime/metrics/statsd';
import { nodeFact, requestFact } from '../../support/node-facts';

const { FLEET_METRICS, REQUEST_METRICS } = definitions;

function pool(changes: Partial<PoolComponent> = {}): PoolComponent {
  return {
    kind: 'pool',
    hostname: 'nl01',
    state: 'running',
    version: '1',
    modelApi: 0,
    id: 'nl01-main',
    name: 'main',
    providerName: 'east',
    supportedLabels: ['small', 'large'],
    priority: 100,
    paused: false,
    ...changes,
  };
}

function fleet(changes: Partial<FleetSnapshot> = {}): FleetSnapshot {
  return { nodes: [], requests: [], pools: [], ...changes };
}

/** What statsd is sent, `name:value`, without the type. */
function sent(report: (metrics: StatsdMetrics) => void): string[] {
  const lines: string[] = [];
  report(new StatsdMetrics({ add: (it) => lines.push(...it) }));
  return lines.map((it) => it.replace(/\|\w+$/, ''));
}

describe('the fleet', () => {
  test('nodes count by state, provider and each of their labels; what is not readable does not', () => {
    const nodes = [
      nodeFact('1', { provider: 'east', type: ['small', 'large', 'small'] }),
      nodeFact('2', { provider: 'east', state: 'in-use' }),
      nodeFact('3', { provider: null, state: 'in-use' }),
      { record: undefined },
    ];
    const lines = sent((it) => reportFleet(it, fleet({ nodes }))).filter((it) => !it.endsWith(':0'));
    expect(lines).toEqual([
      'nodepool.nodes.ready:1',
      'nodepool.nodes.in-use:2',
      'nodepool.provider.east.nodes.ready:1',
      'nodepool.provider.east.nodes.in-use:1',
      'nodepool.label.small.nodes.ready:1',
      'nodepool.label.small.nodes.in-use:2',
      'nodepool.label.large.nodes.ready:1',
    ]);
  });

  test('every state of everything that a pool advertises is told, if only as 0', () => {
    const lines = sent((it) => reportFleet(it, fleet({ pools: [pool()] })));
    const all = NODE_STATES.flatMap((state) =>
      ['nodes', 'provider.east.nodes', 'label.small.nodes', 'label.large.nodes'].map(
        (it) => `nodepool.${it}.${state}:0`,
      ),
    );
    expect(lines.toSorted()).toEqual([...all, 'nodepool.provider.east.pool.main.addressable_requests:0'].toSorted());
    expect(NODE_STATES).toHaveLength(11);
  });

  test('what is gone with its pool and its nodes is told as 0 once', () => {
    const lines: string[] = [];
    const metrics = new StatsdMetrics({ add: (it) => lines.push(...it) });
    reportFleet(metrics, fleet({ nodes: [nodeFact('1', { provider: 'west', type: ['rare'] })] }));
    lines.length = 0;
    reportFleet(metrics, fleet());
    expect(lines).toContain('nodepool.provider.west.nodes.ready:0|g');
    expect(lines).toContain('nodepool.label.rare.nodes.ready:0|g');
    lines.length = 0;
    reportFleet(metrics, fleet());
    expect(lines.filter((it) => /west|rare/.test(it))).toEqual([]);
  });

  test.each([
    ['all labels', ['small', 'large'], 1],
    ['the same one twice', ['small', 'small'], 1],
    ['one that the pool lacks', ['small', 'huge'], 0],
  ])('a request of %s', (_title, nodeTypes, count) => {
    const requests = [requestFact('1', { nodeTypes, state: 'fulfilled' })];
    const lines = sent((it) => reportFleet(it, fleet({ requests, pools: [pool()] })));
    expect(lines).toContain(`nodepool.provider.east.pool.main.addressable_requests:${count}`);
  });

  test('a pool of two launchers is one; a pool without a name is none', () => {
    const pools = [pool(), pool({ id: 'nl02-main', supportedLabels: ['huge'] }), pool({ id: 'old', name: null })];
    const requests = [requestFact('1', { nodeTypes: ['huge'] }), requestFact('2', { nodeTypes: ['small'] })];
    const lines = sent((it) => reportFleet(it, fleet({ requests, pools })));
    expect(lines.filter((it) => it.includes('addressable'))).toEqual([
      'nodepool.provider.east.pool.main.addressable_requests:2',
    ]);
  });
});

describe('requests that wait', () => {
  test.each([
    ['queued', {}, false, [pool()]],
    ['full', {}, false, [pool({ paused: true })]],
    ['queued', {}, false, [pool({ paused: true }), pool({ id: 'other' })]],
    ['unserved', { declinedBy: ['nl01-main'] }, false, [pool()]],
    ['unserved', { nodeTypes: ['small', 'huge'] }, false, [pool(), pool({ id: 'b', supportedLabels: ['huge'] })]],
    ['in progress', { state: 'pending' }, true, [pool()]],
    ['abandoned', { state: 'pending' }, false, [pool()]],
    [undefined, { state: 'fulfilled' }, false, [pool()]],
    [undefined, { state: 'failed' }, false, [pool()]],
  ] as const)('%s: %j, locked %s', (reason, changes, locked, pools) => {
    const metrics = new RecordedMetrics();
    reportQueue(metrics, { requests: [requestFact('1', changes, locked)], pools });
    expect([...new Set(metrics.all.map((it) => it.labels['reason']))]).toEqual(reason === undefined ? [] : [reason]);
  });

  test('labels that nobody offers share one name, however many there are', () => {
    const metrics = new RecordedMetrics();
    const requests = Array.from({ length: 50 }, (_, id) =>
      requestFact(`${id}`, { nodeTypes: ['small', `made-up-${id}`] }),
    );
    reportQueue(metrics, { requests, pools: [pool()] });
    expect(metrics.all.map((it) => [it.labels['label'], it.value])).toEqual([
      ['small', 50],
      ['other', 50],
    ]);
  });
});

test('the configuration: sums of pools, limits of tenants, infinite where there is none', () => {
  const pools = (...numbers: number[]) => ({ pools: new Map(numbers.map((it, at) => [`p${at}`, { maxServers: it }])) });
  const providers = new Map([
    ['east', pools(5, 0, 7)],
    ['west', pools(3, Infinity)],
  ]);
  const tenantLimits = new Map([['ten.ant:1', { cores: 10, 'volume-gb': 5, 'my.gpu': 1 }]]);
  expect(sent((it) => reportConfiguration(it, { providers, tenantLimits }))).toEqual([
    'nodepool.provider.east.max_servers:12',
    'nodepool.provider.west.max_servers:inf',
    'nodepool.tenant_limits.ten_ant_1.cores:10',
    'nodepool.tenant_limits.ten_ant_1.instances:inf',
    'nodepool.tenant_limits.ten_ant_1.ram:inf',
    'nodepool.tenant_limits.ten_ant_1.volume-gb:5',
    'nodepool.tenant_limits.ten_ant_1.my_gpu:1',
  ]);
});

test('quota: used is told for whatever has a limit', () => {
  const metrics = new RecordedMetrics();
  reportQuota(metrics, [
    { provider: 'east', used: { instances: 2 }, available: { instances: 10, cores: 40 } },
    { provider: 'west', used: {}, available: undefined },
  ]);
  expect(metrics.all.map((it) => [it.definition.prometheus!.name.slice(24), it.labels['resource'], it.value])).toEqual([
    ['used', 'instances', 2],
    ['used', 'cores', 0],
    ['limit', 'instances', 10],
    ['limit', 'cores', 40],
  ]);
});

test.each([
  ['error.quota', new NoCapacityError('east', 'instances')],
  ['error.capacity', new NoCapacityError('east', 'InsufficientInstanceCapacity')],
  ['error.nodepool', new NoImageError()],
  ['error.status', new LaunchFailedError('east', 'boot failed')],
  ['error.servercreatetimeout', new TimeLimitError('launch-timeout')],
  ['error.keyscan', new TimeLimitError('boot-timeout')],
  ['error.keyscan', Object.create(HostKeyScanTimeoutError.prototype) as Error],
  ['error.unknown', new RefusedError('east', 'no')],
  ['error.unknown', 'anything'],
])('%s for %s', (result, error) => {
  expect(launchResult(error)).toBe(result);
});

test('a launch is told under four names, those it has', () => {
  const launch = { provider: 'east', label: 'small', result: 'ready', ms: 1500 } as const;
  const names = (az: string | null, requestor: string | null) =>
    sent((it) => reportLaunch(it, { ...launch, az, requestor })).map((it) => it.slice('nodepool.launch.'.length));
  expect(names('az1', 'Zuul:zs01.org')).toEqual(
    ['ready', 'provider.east.ready', 'provider.east.az1.ready', 'requestor.Zuul_zs01_org.ready'].flatMap((it) => [
      `${it}:1500`,
      `${it}:1`,
    ]),
  );
  expect(names(null, null)).toHaveLength(4);
});

test('hand-over time is that of fulfilled requests, of min-ready ones apart; no clock makes it negative', () => {
  const metrics = new RecordedMetrics();
  const it = { provider: 'east', pool: 'main', isMinReady: false, waitedMs: 2000 };
  reportRequest(metrics, { ...it, end: 'fulfilled' });
  reportRequest(metrics, { ...it, end: 'fulfilled', isMinReady: true, waitedMs: -5 });
  reportRequest(metrics, { ...it, end: 'declined' });
  reportRequest(metrics, { ...it, end: 'fulfilled', waitedMs: undefined });
  expect(metrics.of(REQUEST_METRICS.handOver).map((told) => [told.labels['requestor_kind'], told.value])).toEqual([
    ['scheduler', 2000],
    ['min-ready', 0],
  ]);
  expect(metrics.of(REQUEST_METRICS.ended).map((told) => told.labels['end'])).toEqual([
    'fulfilled',
    'fulfilled',
    'declined',
    'fulfilled',
  ]);
});

test('leaks have the names of their drivers', () => {
  expect(sent((it) => reportLeaks(it, 'east', leakedInstanceKind('openstack'), 1))).toEqual([
    'nodepool.provider.east.leaked.instances:1',
  ]);
  expect(sent((it) => reportLeaks(it, 'k', leakedInstanceKind('kubernetes'), 1))).toEqual([
    'nodepool.provider.k.leaked.nodes:1',
  ]);
  expect(sent((it) => reportLeaks(it, 'east', 'ports', 7))).toEqual(['nodepool.provider.east.leaked.ports:7']);
});

test('Prometheus is never told a name that requestors choose', async () => {
  const prometheus = new PrometheusMetrics();
  for (let at = 0; at < 100; at += 1) {
    const launch = { provider: 'east', label: 'small', az: null, requestor: `r${at}`, result: 'ready', ms: 1 } as const;
    reportLaunch(prometheus, launch);
    reportQueue(prometheus, { requests: [requestFact('1', { nodeTypes: [`l${at}`] })], pools: [pool()] });
  }
  const { text } = await prometheus.exposition();
  expect(text.split('\n').filter((it) => /_count\{|_waiting\{/.test(it))).toEqual([
    'nodepool_launch_seconds_count{provider="east",label="small",result="ready"} 100',
    'nodepool_requests_waiting{label="other",reason="unserved"} 1',
  ]);
  expect(text).not.toMatch(/r99|l99/);
});

test('no name is used twice', () => {
  const { LEAKED, STATS_LEADER, ...groups } = definitions;
  const all = [LEAKED, STATS_LEADER, ...Object.values(groups).flatMap((it) => Object.values(it))];
  for (const names of [all.map((it) => it.statsd), all.map((it) => it.prometheus?.name)]) {
    const told = names.filter((it) => it !== undefined);
    expect(new Set(told).size).toBe(told.length);
  }
  expect(all).toContain(FLEET_METRICS.nodes);
});
