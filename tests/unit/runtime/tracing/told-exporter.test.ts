import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { silentLogger } from '../../../../src/runtime/log';
import { ToldExporter } from '../../../../src/runtime/tracing/told-exporter';

test('what does not arrive is said once, and that it does again', () => {
  const said: string[] = [];
  const log = {
    ...silentLogger,
    warn: (text: string, fields: unknown) => said.push(`${text} ${JSON.stringify(fields)}`),
    info: (text: string) => said.push(text),
  };
  const codes = [0, 1, 1, 0, 0, 1];
  const inner: SpanExporter = {
    export: (_spans, told) => {
      const code = codes.shift()!;
      told(code === 0 ? { code } : { code, error: new Error('refused') });
    },
    shutdown: () => Promise.resolve(),
  };
  const told: number[] = [];
  const exporter = new ToldExporter(inner, log);
  while (codes.length > 0) exporter.export([], (it) => told.push(it.code));
  expect(told).toEqual([0, 1, 1, 0, 0, 1]);
  const refused = 'traces cannot be sent {"why":"refused"}';
  expect(said).toEqual([refused, 'traces are sent again', refused]);
});
