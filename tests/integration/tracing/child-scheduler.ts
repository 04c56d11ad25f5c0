/*
 * A scheduler as a program of its own, with OpenTelemetry's SDK registered as its author would: asks for a node within a span
 * of its own, uses it, gives it back. `node -r tests/support/register.js child-scheduler.ts HOSTS LABEL COLLECTOR`.
 */
import { context, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { SimpleSpanProcessor, StackContextManager, TracerProvider } from '@opentelemetry/sdk-trace';
import { openScheduler } from '../../../src/scheduler/open-scheduler';

async function main(hosts: string, label: string, collector: string): Promise<void> {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'my-scheduler' }),
    spanProcessors: [new SimpleSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${collector}/v1/traces` }) })],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new StackContextManager().enable());
  const scheduler = await openScheduler({ name: 'mine', hosts });
  const signal = new AbortController().signal;
  const job = trace.getTracer('mine').startSpan('run job');
  const request = await context.with(trace.setSpan(context.active(), job), () =>
    scheduler.submit({ labels: [label], requestorData: { job: 12_345 } }),
  );
  const outcome = await scheduler.await(request, signal);
  const nodes = await scheduler.accept(request, signal);
  await nodes.use();
  await nodes.release();
  job.end();
  await scheduler.close();
  await provider.shutdown();
  const data = outcome.state === 'gone' ? null : outcome.record.requestorData?.value();
  process.stdout.write(`${JSON.stringify({ state: outcome.state, data, trace: job.spanContext().traceId })}\n`);
}

void main(process.argv[2]!, process.argv[3]!, process.argv[4]!);
