import { once } from 'node:events';
import { systemClock } from '../../../../src/runtime/clock';
import { silentLogger } from '../../../../src/runtime/log';
import type { MetricDefinition } from '../../../../src/runtime/metrics/definition';
import { openMetrics } from '../../../../src/runtime/metrics/open-metrics';
import { UdpSender } from '../../../../src/runtime/metrics/udp-sender';
import { StatsdSocket } from '../../../support/statsd-socket';

const tools = { clock: systemClock, log: silentLogger };
const BUILDS: MetricDefinition<'image'> = {
  kind: 'timer',
  help: 'builds',
  labels: ['image'],
  statsd: 'nodepool.builds.{image}',
  counted: true,
  prometheus: { name: 'nodepool_build_seconds' },
};

let statsd: StatsdSocket;
beforeEach(async () => {
  statsd = await StatsdSocket.open();
});
afterEach(() => statsd.close());

test('what is reported arrives, the rest at the end', async () => {
  const metrics = openMetrics({ STATSD_HOST: '127.0.0.1', STATSD_PORT: String(statsd.port) }, tools);
  metrics.all.time(BUILDS, { image: 'jammy' }, 12);
  await statsd.until((it) => it.has('nodepool.builds.jammy'));
  expect(statsd.packets).toEqual(['nodepool.builds.jammy:12|ms\nnodepool.builds.jammy:1|c']);
  metrics.all.time(BUILDS, { image: 'noble' }, 1);
  await metrics.close();
  await statsd.until((it) => it.has('nodepool.builds.noble'));
  expect((await metrics.prometheus.exposition()).text).toContain('nodepool_build_seconds_count{image="jammy"} 1');
});

test('a name is looked up', async () => {
  const sender = new UdpSender({ host: 'localhost', port: statsd.port }, tools);
  sender.send(Buffer.from('a:1|c'));
  await statsd.until((it) => it.has('a'));
  await sender.close();
  await sender.close();
  sender.send(Buffer.from('late:1|c')); // goes nowhere, and harms nobody
});

test('a name that nobody knows, and a port where nobody listens, are warned of and harm nobody', async () => {
  const warned: string[] = [];
  const warnings = { ...silentLogger, warn: (message: string) => warned.push(message) };
  const unknown = new UdpSender({ host: 'name.invalid', port: 1 }, { clock: systemClock, log: warnings });
  unknown.send(Buffer.from('a:1|c'));
  await unknown.close();
  expect(warned).toEqual(['statsd cannot be reached']);
  const { port } = statsd;
  await statsd.close();
  const nobody = new UdpSender({ host: '127.0.0.1', port }, tools);
  for (let packet = 0; packet < 10; packet += 1) nobody.send(Buffer.from('a:1|c'));
  await nobody.close();
});

test('without the variables nothing is opened; a wrong one is said and left out', async () => {
  const errors: string[] = [];
  const log = { ...silentLogger, error: (message: string) => errors.push(message) };
  const none = openMetrics({}, { clock: systemClock, log });
  const wrong = openMetrics({ STATSD_PORT: 'http' }, { clock: systemClock, log });
  expect([none.statsd, wrong.statsd]).toEqual([undefined, undefined]);
  expect(errors).toEqual(['no metrics are sent']);
  await Promise.all([none.close(), wrong.close()]);
});

test('the socket of a test sees what others send', async () => {
  const sender = new UdpSender({ host: '127.0.0.1', port: statsd.port }, tools);
  const heard = once(statsd.events, 'packet');
  sender.send(Buffer.from('x:1|g\ny:2|g'));
  await heard;
  expect(statsd.values('y')).toEqual(['2|g']);
  await sender.close();
});
