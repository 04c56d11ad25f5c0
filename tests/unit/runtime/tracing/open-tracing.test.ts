import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { systemClock } from '../../../../src/runtime/clock';
import { silentLogger } from '../../../../src/runtime/log';
import { openTracing } from '../../../../src/runtime/tracing/open-tracing';
import { noSpan } from '../../../../src/runtime/tracing/tracing';

const said: unknown[] = [];
const log = { ...silentLogger, error: (...it: unknown[]) => said.push(it), warn: (...it: unknown[]) => said.push(it) };
const program = { service: 'nodepool-launcher', version: '1' };
const tools = { clock: systemClock, log };

test('without an endpoint nothing is traced', async () => {
  const tracing = await openTracing(program, {}, tools);
  expect(tracing.begin('x')).toBe(noSpan);
  await tracing.close();
  expect(said).toEqual([]);
});

test('a wrong setting is said, and stops nothing', async () => {
  const tracing = await openTracing(program, { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, tools);
  expect(tracing.begin('x')).toBe(noSpan);
  const why = 'OTEL_EXPORTER_OTLP_ENDPOINT is no address that begins with http:// or https://';
  expect(said.splice(0)).toEqual([['nothing is traced', { why }]]);
});

test('nothing of the SDK is loaded unless it is needed', () => {
  const root = join(__dirname, '../../../..');
  const script = `
    const { openTracing } = require('./src/runtime/tracing/open-tracing.ts');
    openTracing({ service: 's', version: null }, {}, {}).then(() =>
      console.log(Object.keys(require.cache).filter((it) => /@opentelemetry\\/(?!api\\/)/.test(it)).length));`;
  const args = ['-r', './tests/support/register.js', '-e', script];
  expect(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })).toBe('0\n');
});
