import type { MetricDefinition } from '../../../../src/runtime/metrics/definition';
import { allOf, silentMetrics } from '../../../../src/runtime/metrics/metrics';
import { PROCESS_METRICS, watchProcess } from '../../../../src/runtime/metrics/process-metrics';
import { PrometheusMetrics } from '../../../../src/runtime/metrics/prometheus';
import { RecordedMetrics } from '../../../../src/runtime/metrics/recorded';

const NODES: MetricDefinition<'provider' | 'state'> = {
  kind: 'gauge',
  help: 'Nodes',
  labels: ['provider', 'state'],
  prometheus: { name: 'nodepool_nodes' },
};
const LEAKS: MetricDefinition<'provider'> = {
  kind: 'counter',
  help: 'Leaks',
  labels: ['provider'],
  prometheus: { name: 'nodepool_leaks_total' },
};
const LAUNCHES: MetricDefinition<'result'> = {
  kind: 'timer',
  help: 'Launches',
  labels: ['result'],
  prometheus: { name: 'nodepool_launch_seconds', bucketsSeconds: [1, 10] },
};

const ready = (provider: string, value: number) => ({ labels: { provider, state: 'ready' }, value });

async function lines(prometheus: PrometheusMetrics): Promise<string[]> {
  return (await prometheus.exposition()).text.split('\n').filter((it) => it !== '' && !it.startsWith('#'));
}

test('gauges, counters and histograms in the text format', async () => {
  const prometheus = new PrometheusMetrics();
  prometheus.set(NODES, { provider: 'a "b"\n', state: 'ready' }, Infinity);
  prometheus.count(LEAKS, { provider: 'a' });
  prometheus.count(LEAKS, { provider: 'a' }, 4);
  prometheus.time(LAUNCHES, { result: 'ready' }, 2500);
  expect(await lines(prometheus)).toEqual([
    'nodepool_nodes{provider="a \\"b\\"\\n",state="ready"} +Inf',
    'nodepool_leaks_total{provider="a"} 5',
    'nodepool_launch_seconds_bucket{le="1",result="ready"} 0',
    'nodepool_launch_seconds_bucket{le="10",result="ready"} 1',
    'nodepool_launch_seconds_bucket{le="+Inf",result="ready"} 1',
    'nodepool_launch_seconds_sum{result="ready"} 2.5',
    'nodepool_launch_seconds_count{result="ready"} 1',
  ]);
  const { type, text } = await prometheus.exposition();
  expect(type).toContain('version=0.0.4');
  expect(text).toContain('# TYPE nodepool_launch_seconds histogram');
});

test('a family that is replaced shows just what there is', async () => {
  const prometheus = new PrometheusMetrics();
  prometheus.replace(NODES, [ready('a', 1), ready('b', 2)]);
  prometheus.replace(NODES, [ready('b', 3)]);
  expect(await lines(prometheus)).toEqual(['nodepool_nodes{provider="b",state="ready"} 3']);
  prometheus.withdraw(NODES);
  expect(await lines(prometheus)).toEqual([]);
});

test('label sets do not grow without bound, and what is left out is counted', async () => {
  const prometheus = new PrometheusMetrics(2);
  for (const provider of ['a', 'b', 'c', 'd', 'a']) prometheus.count(LEAKS, { provider });
  expect(await lines(prometheus)).toEqual([
    'nodepool_leaks_total{provider="a"} 2',
    'nodepool_leaks_total{provider="b"} 1',
    'nodepool_metric_values_dropped_total{metric="nodepool_leaks_total"} 2',
  ]);
});

test('places of gauges that are gone can be taken by others', async () => {
  const prometheus = new PrometheusMetrics(2);
  for (const name of ['a', 'b', 'c', 'd']) prometheus.replace(NODES, [ready(name, 1)]);
  expect(await lines(prometheus)).toEqual(['nodepool_nodes{provider="d",state="ready"} 1']);
});

test('gauges of the moment are asked for by each scrape, until they are not wanted any more', async () => {
  const prometheus = new PrometheusMetrics();
  let value = 0;
  const stop = prometheus.onScrape((it) => it.replace(NODES, [ready('a', (value += 1))]));
  await prometheus.exposition();
  expect(await lines(prometheus)).toEqual(['nodepool_nodes{provider="a",state="ready"} 2']);
  stop();
  await prometheus.exposition();
  expect(value).toBe(2);
});

test('the process shows memory, time and the delay of its event loop', async () => {
  const prometheus = new PrometheusMetrics();
  const stop = watchProcess(prometheus, 1000);
  const shown = await lines(prometheus);
  stop();
  for (const { prometheus: form } of Object.values(PROCESS_METRICS)) {
    expect(shown.filter((it) => it.startsWith(`${form!.name} `))).toHaveLength(1);
  }
  expect(shown).toContain('process_start_time_seconds 1000');
});

test('several are told the same', () => {
  const one = new RecordedMetrics();
  const other = new RecordedMetrics();
  const all = allOf(one, silentMetrics, other);
  all.count(LEAKS, { provider: 'a' });
  all.time(LAUNCHES, { result: 'ready' }, 7);
  all.set(NODES, { provider: 'a', state: 'ready' }, 1);
  all.replace(NODES, [ready('b', 2)]);
  all.withdraw(NODES);
  expect(one.all).toEqual(other.all);
  expect(one.all.map((it) => [it.how, it.value])).toEqual([
    ['count', 1],
    ['time', 7],
    ['set', 1],
    ['set', 2],
  ]);
  expect(one.last(NODES, { state: 'ready', provider: 'b' })).toBe(2);
});
