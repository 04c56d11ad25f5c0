import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RawJson } from '../../../src/model/json';
import { newRequest } from '../../../src/model/request-record';
import { OtlpCollector, type ReceivedSpan } from '../../support/otlp-collector';
import { configText, Fleet } from '../launcher/fleet';
import { LauncherProcess } from '../launcher/launcher-process';

const run = promisify(execFile);
const root = join(__dirname, '../../..');

describe('traces', () => {
  let fleet: Fleet;
  let collector: OtlpCollector;
  let launcher: LauncherProcess;
  beforeEach(async () => {
    [fleet, collector] = await Promise.all([Fleet.start(), OtlpCollector.start()]);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test' };
    launcher = await LauncherProcess.start(fleet, 'traced', configText(), fleet.server.hosts, env);
  });
  afterEach(async () => {
    await launcher.kill();
    await collector.close();
    await fleet.stop();
  });

  test('a request is one trace, from the span of a job in one process to the host keys that another one scans', async () => {
    const script = 'tests/integration/tracing/child-scheduler.ts';
    const args = ['-r', './tests/support/register.js', script, fleet.server.hosts, 'small', collector.url];
    const { stdout } = await run(process.execPath, args, { cwd: root });
    const { state, data, trace } = JSON.parse(stdout) as {
      state: string;
      data: Record<string, unknown>;
      trace: string;
    };
    expect(state).toBe('fulfilled');

    // And a request of Zuul's, which says by its numbers where it belongs.
    const [zuulTrace, zuulSpan] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
    const info = `{"name": "RequestNodes", "trace_id": ${BigInt(`0x${zuulTrace}`)}, "span_id": ${BigInt(`0x${zuulSpan}`)}, "trace_flags": 1, "start_time": 1795228100123456789, "parent": null}`;
    const requestorData = RawJson.ofText(`{"job_name": "unit", "span_info": ${info}}`);
    const peer = await fleet.peer();
    const record = newRequest({ nodeTypes: ['small'], requestor: 'zuul', stateTime: 1, requestorData });
    const zuul = await peer.store.requests.create(record, 200, 'persistent');
    await peer.scheduler.await({ id: zuul }, new AbortController().signal);
    const served = await peer.store.requests.get(zuul);
    expect(served?.record.requestorData?.text).toBe(requestorData.text); // not a digit of it is touched
    await peer.scheduler.cancel({ id: zuul });
    await peer.close();
    expect(await launcher.kill('SIGTERM')).toBe(0); // sends what is left

    const spans = collector.spans.filter((it) => it.traceId === trace);
    const printed = collector.print(trace);
    process.stdout.write(`${printed}\n`);
    const one = (name: string): ReceivedSpan => {
      const found = spans.filter((it) => it.name === name);
      expect([name, found.length]).toEqual([name, 1]);
      return found[0]!;
    };
    const [job, request, serving, launch] = ['run job', 'request nodes', 'serve request', 'launch node'].map(one);
    expect([request, serving, launch].map((it) => it!.parentSpanId)).toEqual(
      [job, request, serving].map((it) => it!.spanId),
    );
    for (const it of ['create instance', 'wait for instance', 'scan host keys'])
      expect([it, one(it).parentSpanId]).toEqual([it, launch!.spanId]);
    expect([job, request].map((it) => it!.service)).toEqual(['my-scheduler', 'my-scheduler']);
    expect([serving, launch].map((it) => it!.service)).toEqual(['nodepool-launcher', 'nodepool-launcher']);
    expect(data).toEqual({ traceparent: `00-${trace}-${request!.spanId}-01`, job: 12_345 });
    expect(request!.attributes).toMatchObject({ 'nodepool.state': 'fulfilled', 'nodepool.labels': ['small'] });
    expect(serving!.attributes).toMatchObject({
      'nodepool.request': request!.attributes['nodepool.request'],
      'nodepool.end': 'fulfilled',
      'nodepool.provider': 'fake-east',
      'nodepool.pool': 'main',
    });
    expect(launch!.attributes).toMatchObject({ 'nodepool.label': 'small', 'nodepool.outcome': 'ready' });
    for (const it of spans) expect([it.name, it.end >= it.start, it.hasFailed]).toEqual([it.name, true, false]);

    const ofZuul = collector.spans.filter((it) => it.traceId === zuulTrace && it.name === 'serve request');
    expect(ofZuul.map((it) => [it.parentSpanId, it.attributes['nodepool.request']])).toEqual([[zuulSpan, zuul]]);
  });
});
