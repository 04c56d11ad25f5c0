import type { Instance, Provider } from '../../../src/drivers/driver';
import { reportCalls, PROVIDER_CALLS } from '../../../src/drivers/call-metrics';
import { NotFoundError, TransientError } from '../../../src/drivers/errors';
import { observed } from '../../../src/drivers/observed';
import { LeakWorker } from '../../../src/launcher/leak-worker';
import { LEAKED } from '../../../src/launcher/metrics-definitions';
import type { ProviderRuntime } from '../../../src/launcher/provider-runtime';
import type { LauncherTools } from '../../../src/launcher/tools';
import type { World } from '../../../src/launcher/world';
import { silentLogger } from '../../../src/runtime/log';
import { RecordedMetrics } from '../../../src/runtime/metrics/recorded';
import { FakeClock } from '../../support/fake-clock';

const never = new AbortController().signal;
const OWNER = { provider: 'east', installation: undefined };

function instance(id: string): Instance {
  const metadata = { nodepool_node_id: id, nodepool_provider_name: 'east' };
  return { externalId: id, name: `np${id}`, state: 'running', metadata, resources: {} };
}

describe('leaks', () => {
  test('are counted when the cloud has agreed to delete them, and as many as the driver says', async () => {
    const metrics = new RecordedMetrics();
    const provider = {
      list: () => Promise.resolve(['1', '2', '3'].map(instance)),
      destroy: (id: string) => {
        if (id === '1') return Promise.resolve();
        return Promise.reject(id === '2' ? new NotFoundError('east', id) : new TransientError('east'));
      },
      cleanLeaks: () => Promise.resolve({ ports: 2, floatingips: 0 }),
    };
    const runtime = { config: { name: 'east', driver: 'fake' }, provider, owner: OWNER } as unknown as ProviderRuntime;
    const nodes = { get: () => undefined, inState: () => new Map() };
    const world = { fresh: true, nodes } as unknown as World;
    const sinks = { all: metrics, statsd: undefined, prometheus: undefined };
    const tools = { log: silentLogger, metrics: sinks } as unknown as LauncherTools;
    const worker = new LeakWorker(tools, world, runtime);
    await worker.pass(never);
    expect(metrics.all.map((it) => [it.labels['kind'], it.value])).toEqual([['ports', 2]]);
    await worker.pass(never);
    expect(metrics.of(LEAKED).map((it) => [it.labels['kind'], it.value])).toEqual([
      ['ports', 2],
      ['instances', 1],
      ['ports', 2],
    ]);
  });
});

test('calls of a cloud are timed with their outcome', async () => {
  const clock = new FakeClock();
  const metrics = new RecordedMetrics();
  const inner = {
    name: 'east',
    zones: async () => {
      await clock.advance(250);
      return [];
    },
    quota: () => Promise.reject(new NotFoundError('east', 'x')),
  } as unknown as Provider;
  const provider = observed(inner, clock, reportCalls(metrics));
  await provider.zones(never);
  await expect(provider.quota(never)).rejects.toThrow(NotFoundError);
  expect(metrics.of(PROVIDER_CALLS).map((it) => [it.labels['call'], it.labels['outcome'], it.value])).toEqual([
    ['zones', 'ok', 250],
    ['quota', 'not-found', 0],
  ]);
});
