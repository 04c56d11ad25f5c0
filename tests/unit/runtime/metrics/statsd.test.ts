import { fc } from '../../../support/property';
import type { MetricDefinition } from '../../../../src/runtime/metrics/definition';
import { Packets } from '../../../../src/runtime/metrics/packets';
import { StatsdMetrics } from '../../../../src/runtime/metrics/statsd';
import { counterLines, gaugeLines, statsdName, timerLines } from '../../../../src/runtime/metrics/statsd-lines';
import { statsdTarget } from '../../../../src/runtime/metrics/statsd-target';
import { FakeClock } from '../../../support/fake-clock';

const NODES: MetricDefinition<'provider' | 'state'> = {
  kind: 'gauge',
  help: 'nodes',
  labels: ['provider', 'state'],
  statsd: 'nodepool.provider.{provider}.nodes.{state}',
};
const LAUNCH: MetricDefinition<'result'> = {
  kind: 'timer',
  help: 'launches',
  labels: ['result'],
  statsd: 'nodepool.launch.{result}',
  counted: true,
};
const SHOWN_ONLY: MetricDefinition<never> = { kind: 'gauge', help: 'x', labels: [], prometheus: { name: 'x' } };

test.each([
  ['as configured', 'a.{x}.b', 'cloud-1', 'a.cloud-1.b'],
  ['dots stay and make levels', 'a.{x}', 'nl01.example.org', 'a.nl01.example.org'],
  ['dots and colons go where the rule says so', 'a.{x~}.b', 'Zuul:zs01.org', 'a.Zuul_zs01_org.b'],
  ['what would end the name goes', 'a.{x}', 'a:1|c\nb', 'a.a_1_c_b'],
  ['a label without value', 'a.{x}.b', '', 'a..b'],
])('name: %s', (_title, template, x, name) => {
  expect(statsdName(template, { x })).toBe(name);
});

test('no value can make a second line or another type', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (x) => {
      const [line] = counterLines({ kind: 'counter', help: '', labels: ['x'], statsd: 'n.{x}' }, { x }, 1);
      expect(line!.split('\n')).toHaveLength(1);
      expect(line!.split(':')).toHaveLength(2);
      expect(line!.endsWith(':1|c')).toBe(true);
    }),
  );
});

test.each([
  [0, '0'],
  [5, '5'],
  [1.5, '1.5'],
  [0.0004, '0'],
  [1e21, '1000000000000000000000'],
  [Infinity, 'inf'],
])('gauge %d is %s', (value, text) => {
  expect(gaugeLines(NODES, { provider: 'p', state: 'ready' }, value)).toEqual([
    `nodepool.provider.p.nodes.ready:${text}|g`,
  ]);
});

test('a negative gauge is set to 0 first, in the same packet', () => {
  expect(gaugeLines(NODES, { provider: 'p', state: 's' }, -9)).toEqual([
    'nodepool.provider.p.nodes.s:0|g\nnodepool.provider.p.nodes.s:-9|g',
  ]);
});

test('a counted timer is a counter, too', () => {
  expect(timerLines(LAUNCH, { result: 'ready' }, 1234.5678)).toEqual([
    'nodepool.launch.ready:1234.568|ms',
    'nodepool.launch.ready:1|c',
  ]);
});

test('what has no name for statsd is not sent', () => {
  expect([
    ...gaugeLines(SHOWN_ONLY, {}, 1),
    ...timerLines(SHOWN_ONLY, {}, 1),
    ...counterLines(SHOWN_ONLY, {}, 1),
  ]).toEqual([]);
});

test('a gauge that is gone is told as 0 once; one that is withdrawn is not told', () => {
  const lines: string[] = [];
  const metrics = new StatsdMetrics({ add: (it) => lines.push(...it) });
  const point = (provider: string, value: number) => ({ labels: { provider, state: 'ready' }, value });
  metrics.replace(NODES, [point('a', 1), point('b', 2)]);
  lines.length = 0;
  metrics.replace(NODES, [point('a', 1)]);
  expect(lines).toEqual(['nodepool.provider.a.nodes.ready:1|g', 'nodepool.provider.b.nodes.ready:0|g']);
  lines.length = 0;
  metrics.replace(NODES, [point('a', 1)]);
  metrics.withdraw(NODES);
  metrics.replace(NODES, []);
  expect(lines).toEqual(['nodepool.provider.a.nodes.ready:1|g']);
});

test('packets hold what fits into 512 bytes, and leave after a moment', async () => {
  const clock = new FakeClock();
  const packets: string[] = [];
  const gatherer = new Packets((it) => packets.push(it.toString()), clock);
  const line = 'x'.repeat(99); // five of them and four line ends are 499 bytes
  gatherer.add(Array.from({ length: 6 }, () => line));
  expect(packets).toEqual([Array.from({ length: 5 }, () => line).join('\n')]);
  await clock.advance(50);
  expect(packets[1]).toBe(line);
  gatherer.add(['y'.repeat(600), 'z']);
  expect(packets[2]).toHaveLength(600); // longer than a packet: alone
  gatherer.flush();
  expect(packets.slice(3)).toEqual(['z']);
  expect(clock.sleeping).toBe(0);
});

test('no packet of several lines is larger than 512 bytes, and nothing is lost or reordered', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' })), (some) => {
      const lines = some.map((it) => it.replaceAll('\n', '_'));
      const packets: Buffer[] = [];
      const gatherer = new Packets((it) => packets.push(it), new FakeClock());
      gatherer.add(lines);
      gatherer.flush();
      expect(packets.flatMap((it) => it.toString().split('\n'))).toEqual(lines);
      for (const it of packets) if (it.includes('\n')) expect(it.length).toBeLessThanOrEqual(512);
    }),
  );
});

test.each([
  [{}, undefined],
  [{ STATSD_HOST: '', STATSD_PORT: '' }, undefined],
  [{ STATSD_HOST: 'stats' }, { host: 'stats', port: 8125 }],
  [{ STATSD_PORT: '9125' }, { host: 'localhost', port: 9125 }],
  [
    { STATSD_HOST: '::1', STATSD_PORT: '1' },
    { host: '::1', port: 1 },
  ],
])('target of %j', (env, target) => {
  expect(statsdTarget(env)).toEqual(target);
});

test.each(['0', '65536', 'abc', '1.5'])('port %s is refused', (port) => {
  expect(() => statsdTarget({ STATSD_PORT: port })).toThrow(RangeError);
});
