import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import winston from 'winston';
import { createLogger } from '../../../src/runtime/log';

const folder = mkdtempSync(join(tmpdir(), 'nodepool-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes one line of each kind and returns the file's text. */
async function written(format: 'text' | 'json', name: string): Promise<string> {
  const file = join(folder, name);
  const created = jest.spyOn(winston, 'createLogger');
  const log = createLogger({ level: 'info', format, file });
  const target = created.mock.results[0]!.value as winston.Logger;
  created.mockRestore();
  log.debug('not shown');
  log.child({ logger: 'nodepool.launcher', provider: 'east' }).info('node ready', { node: '0000000001', took_s: 1.5 });
  log.error('launch failed', { err: new Error('no address'), password: 'hunter2', reason: 'two words' });
  const closed = once(target.transports[0]!, 'finish');
  target.end();
  await closed;
  return readFileSync(file, 'utf8');
}

test('text lines begin as those of the Python daemons; more lines are indented', async () => {
  const lines = (await written('text', 'a.log')).trimEnd().split('\n');
  expect(lines[0]).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO nodepool.launcher: \[node: 0000000001\] node ready provider=east took_s=1.5$/,
  );
  expect(lines[1]).toMatch(/ ERROR nodepool: launch failed password=\*{8} reason="two words"$/);
  expect(lines[2]).toMatch(/ ERROR nodepool: {3}Error: no address$/);
});

test('JSON lines are objects with the fields, without secrets', async () => {
  const text = await written('json', 'b.log');
  const records = text
    .trimEnd()
    .split('\n')
    .map((it) => JSON.parse(it) as Record<string, unknown>);
  expect(records[0]).toMatchObject({ level: 'info', message: 'node ready', provider: 'east', node: '0000000001' });
  expect(records[1]).toMatchObject({ err: { message: 'no address' } });
  expect(text).not.toContain('hunter2');
});
