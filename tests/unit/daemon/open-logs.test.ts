import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { plainPlan } from '../../../src/daemon/logs/log-plan';
import { openLogs } from '../../../src/daemon/logs/open-logs';
import { readLogFile } from '../../../src/daemon/logs/read-log-file';
import { FakeClock } from '../../support/fake-clock';

const folder = mkdtempSync(join(tmpdir(), 'nodepool-logs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const clock = new FakeClock();
const streams = () => ({ stdout: new PassThrough(), stderr: new PassThrough() });
const said = (it: PassThrough) => String((it.read() as Buffer | null) ?? '');
const file = (name: string) => join(folder, name);

function fromYaml(name: string, text: string, io = streams()) {
  writeFileSync(file(name), text);
  return { logs: openLogs(readLogFile(file(name)), io, clock), io };
}

test('levels, hierarchy and propagation decide who hears what', () => {
  const { logs, io } = fromYaml(
    'a.yaml',
    `version: 1
formatters: {m: {format: '%(name)s %(message)s'}}
handlers:
  out: {class: logging.StreamHandler, stream: ext://sys.stdout, formatter: m}
  err: {class: logging.StreamHandler, formatter: m, level: ERROR}
  log: {class: logging.FileHandler, filename: ${file('own.log')}, formatter: m}
loggers:
  nodepool: {level: INFO, handlers: [out]}
  nodepool.zk: {level: DEBUG, handlers: [log], propagate: false}
root: {level: WARNING, handlers: [err]}
`,
  );
  logs.logger.debug('no');
  logs.logger.info('yes');
  logs.logger.child({ logger: 'nodepool.builder' }).error('bad');
  logs.logger.child({ logger: 'nodepool.zk' }).debug('fine');
  logs.logger.child({ logger: 'other' }).info('no');
  logs.flush();
  expect(said(io.stdout)).toBe('nodepool yes\nnodepool.builder bad\n');
  expect(said(io.stderr)).toBe('nodepool.builder bad\n');
  expect(readFileSync(file('own.log'), 'utf8')).toBe('nodepool.zk fine\n');
  expect(logs.files).toEqual([file('own.log')]);
  logs.close();
});

test('a watched file that was moved is begun anew; others are at reopen', () => {
  const handler = (name: string, kind: string) => `${name}: {class: logging.${kind}, filename: ${file(name)}.log}`;
  const { logs } = fromYaml(
    'b.yaml',
    `version: 1
handlers: {${handler('watched', 'handlers.WatchedFileHandler')}, ${handler('plain', 'FileHandler')}}
root: {level: DEBUG, handlers: [watched, plain]}
`,
  );
  logs.logger.info('one');
  logs.flush();
  for (const it of ['watched', 'plain']) renameSync(file(`${it}.log`), file(`${it}.old`));
  logs.logger.info('two');
  logs.flush();
  logs.reopen();
  logs.logger.info('three');
  logs.close();
  const text = (name: string) => readFileSync(file(name), 'utf8');
  expect(text('watched.old')).toBe('one\n');
  expect(text('watched.log')).toBe('two\nthree\n');
  expect(text('plain.old')).toBe('one\ntwo\n');
  expect(text('plain.log')).toBe('three\n');
});

test('turns over by size and by time, keeping so many', () => {
  const { logs } = fromYaml(
    'c.yaml',
    `version: 1
handlers:
  size: {class: logging.handlers.RotatingFileHandler, filename: ${file('size.log')}, maxBytes: 20, backupCount: 2}
root: {level: DEBUG, handlers: [size]}
`,
  );
  for (const it of ['first line', 'second line', 'third line', 'fourth line']) logs.logger.info(it);
  logs.close();
  expect(
    readdirSync(folder)
      .filter((it) => it.startsWith('size.log'))
      .sort(),
  ).toEqual(['size.log', 'size.log.1', 'size.log.2']);
  expect(readFileSync(file('size.log.1'), 'utf8')).toBe('third line\n');
});

test('secrets reach no log, in either format', () => {
  for (const json of [false, true]) {
    const io = streams();
    const logs = openLogs(plainPlan({ debug: false, json, to: { kind: 'stream', stream: 'stdout' } }), io, clock);
    logs.logger.error('failed', {
      password: 'hunter2',
      err: Object.assign(new Error('no'), { headers: { t: 'hunter2' } }),
    });
    const text = said(io.stdout);
    expect(text).toContain('failed');
    expect(text).not.toContain('hunter2');
  }
});

test('a file that cannot be written is complained of once, and does not end the program', () => {
  const io = streams();
  writeFileSync(file('in-the-way'), '');
  const { logs } = fromYaml(
    'd.yaml',
    `version: 1
handlers: {x: {class: logging.FileHandler, filename: ${file('in-the-way')}/x.log, delay: true}}
root: {level: INFO, handlers: [x]}
`,
    io,
  );
  logs.logger.info('one');
  logs.flush();
  logs.logger.info('two');
  logs.flush();
  expect(said(io.stderr).match(/cannot be written/g)).toHaveLength(1);
  logs.close();
});

test('syslog over UDP: priority, text, end', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const { logs } = fromYaml(
    'e.yaml',
    `version: 1
handlers:
  s: {class: logging.handlers.SysLogHandler, address: [127.0.0.1, ${server.address().port}], facility: local0}
root: {level: INFO, handlers: [s]}
`,
  );
  const heard = once(server, 'message');
  logs.logger.warn('attention');
  expect(String((await heard)[0])).toBe('<132>attention\0');
  logs.close();
  server.close();
});
