import type { LaunchResult } from '../../../src/launcher/launch-result';
import { leakedInstanceKind, reportLaunch, reportLeaks } from '../../../src/launcher/metrics-events';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { type OpenMetrics, openMetrics } from '../../../src/runtime/metrics/open-metrics';
import { StatsdSocket } from '../../support/statsd-socket';

/** metrics.md 6, without those that no path leads to. */
const RESULTS: readonly LaunchResult[] = [
  'ready',
  'error.zksession',
  'error.quota',
  'error.nodepool',
  'error.status',
  'error.capacity',
  'error.servercreatetimeout',
  'error.keyscan',
  'error.unknown',
];

/** What a healthy fleet does not bring about, as it goes over the wire; the rest is sent by real programs elsewhere. */
describe('names over UDP', () => {
  let statsd: StatsdSocket;
  let metrics: OpenMetrics;
  beforeEach(async () => {
    statsd = await StatsdSocket.open();
    metrics = openMetrics(statsd.env, { clock: systemClock, log: silentLogger });
  });
  afterEach(async () => {
    await metrics.close();
    await statsd.close();
  });

  test('of every result of a launch, in every scope, as a timer and a counter', async () => {
    const launch = { provider: 'east', label: 'small', az: 'az1', requestor: 'zuul:zs01.org', ms: 12.5 };
    for (const result of RESULTS) reportLaunch(metrics.all, { ...launch, result });
    const scopes = ['', 'provider.east.', 'provider.east.az1.', 'requestor.zuul_zs01_org.'];
    const names = scopes.flatMap((scope) => RESULTS.map((it) => `nodepool.launch.${scope}${it}`));
    await statsd.until((it) => names.every((name) => it.has(name)));
    expect([...statsd.names()].sort()).toEqual([...names].sort());
    for (const it of names) expect([it, [...statsd.values(it)].sort()]).toEqual([it, ['12.5|ms', '1|c']]);
  });

  test('of a launch without zone or requestor', async () => {
    const launch = { provider: 'east', label: 'small', az: null, requestor: null, ms: 1, result: 'ready' } as const;
    reportLaunch(metrics.all, launch);
    const names = ['nodepool.launch.provider.east.ready', 'nodepool.launch.ready'];
    await statsd.until((it) => names.every((name) => it.has(name)));
    expect([...statsd.names()].sort()).toEqual(names);
  });

  test('of leaks, by kind and number', async () => {
    reportLeaks(metrics.all, 'east', leakedInstanceKind('openstack'), 1);
    reportLeaks(metrics.all, 'east', 'ports', 7);
    reportLeaks(metrics.all, 'east', 'floatingips', 2);
    reportLeaks(metrics.all, 'kube', leakedInstanceKind('kubernetes'), 1);
    await statsd.until((it) => it.size === 4);
    const value = (name: string) => statsd.last(`nodepool.provider.${name}`);
    expect(value('east.leaked.instances')).toBe('1|c');
    expect(value('east.leaked.ports')).toBe('7|c');
    expect(value('east.leaked.floatingips')).toBe('2|c');
    expect(value('kube.leaked.nodes')).toBe('1|c');
  });
});
