import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemLine } from '../../../src/config/problem';
import { routeOf } from '../../../src/daemon/logs/open-logs';
import { parseLogFile, readLogFile } from '../../../src/daemon/logs/read-log-file';

const YAML = `
version: 1
disable_existing_loggers: false
formatters:
  simple: {format: '%(asctime)s %(levelname)-8s %(name)s: %(message)s', datefmt: '%H:%M:%S'}
  brace: {format: '{levelname} {message}', style: '{'}
  json: {class: pythonjsonlogger.jsonlogger.JsonFormatter, format: '%(message)s'}
handlers:
  console: {class: logging.StreamHandler, formatter: simple, level: DEBUG, stream: ext://sys.stdout}
  file: {class: logging.handlers.WatchedFileHandler, filename: /var/log/nodepool/launcher.log, formatter: json}
  big: {class: logging.handlers.RotatingFileHandler, filename: /tmp/b.log, maxBytes: 1000, backupCount: 3}
  night: {class: logging.handlers.TimedRotatingFileHandler, filename: /tmp/n.log, when: midnight, backupCount: 30}
  sys: {class: logging.handlers.SysLogHandler, address: /dev/log, facility: daemon}
loggers:
  nodepool: {level: DEBUG, handlers: [file], propagate: no}
  nodepool.zk: {level: ERROR}
  kazoo: {level: WARNING, handlers: [console]}
root: {level: WARNING, handlers: [console]}
`;

const INI = `
[loggers]
keys=root,nodepool,kazoo

[handlers]
keys=console,debug,sys

[formatters]
keys=simple

# the root
[logger_root]
level=WARNING
handlers=console

[logger_nodepool]
level=DEBUG
handlers=debug
qualname=nodepool
propagate=0

[logger_kazoo]
level=INFO
handlers=console
qualname=kazoo

[handler_console]
level=WARNING
class=StreamHandler
formatter=simple
args=(sys.stdout,)

[handler_debug]
level=DEBUG
class=handlers.TimedRotatingFileHandler
formatter=simple
args=('/var/log/nodepool/debug.log', 'W0', 1, 30,)

[handler_sys]
class=handlers.SysLogHandler
args=(('logs.example.org', handlers.SYSLOG_UDP_PORT), handlers.SysLogHandler.LOG_LOCAL3)

[formatter_simple]
format=%(asctime)s %(levelname)s %(name)s: %(message)s
datefmt=
`;

const errors = (file: string, text: string) =>
  parseLogFile(file, text)
    .problems.filter((it) => it.atLoad === 'error')
    .map(problemLine);

test('YAML as dictConfig takes it', () => {
  const { plan, problems } = parseLogFile('/etc/l.yaml', YAML);
  expect(problems).toEqual([]);
  expect(plan!.handlers.get('console')).toMatchObject({ level: 10, to: { kind: 'stream', stream: 'stdout' } });
  expect(plan!.handlers.get('file')).toMatchObject({ formatter: { kind: 'json' }, to: { watched: true, mode: 'a' } });
  expect(plan!.handlers.get('big')!.to).toMatchObject({ rotation: { by: 'size', maxBytes: 1000, backupCount: 3 } });
  expect(plan!.handlers.get('night')!.to).toMatchObject({ rotation: { when: 'MIDNIGHT', interval: 1 } });
  expect(plan!.handlers.get('sys')!.to).toMatchObject({ address: '/dev/log', facility: 3, transport: 'udp' });
  expect(plan!.root).toEqual({ level: 30, handlers: ['console'], propagate: true });
});

test.each([
  ['nodepool.launcher', 10, ['file']],
  ['nodepool.zk', 40, ['file']],
  ['nodepool.zk.deeper', 40, ['file']],
  ['nodepoolish', 30, ['console']],
  ['kazoo.client', 30, ['console']],
])('the way of a line of %s', (name, severity, handlers) => {
  const { plan } = parseLogFile('/etc/l.yaml', YAML);
  expect(routeOf(plan!, name)).toEqual({ severity, handlers });
});

test('the sample is right, and has changes over the web in a file of their own, too', () => {
  const file = join(__dirname, '../../../etc/logging.yaml');
  const { plan, problems } = parseLogFile(file, readFileSync(file, 'utf8'));
  expect(problems.map(problemLine)).toEqual([]);
  expect(routeOf(plan!, 'nodepool.audit').handlers.toSorted()).toEqual(['all', 'audit']);
  expect(routeOf(plan!, 'nodepool.PoolWorker')).toEqual({ severity: 20, handlers: ['all'] });
});

test('ini as fileConfig takes it', () => {
  const { plan, problems } = parseLogFile('/etc/logging.conf', INI);
  expect(problems.map(problemLine)).toEqual([]);
  expect(plan!.root).toEqual({ level: 30, handlers: ['console'], propagate: true });
  expect(plan!.loggers.get('nodepool')).toEqual({ level: 10, handlers: ['debug'], propagate: false });
  expect(plan!.handlers.get('debug')!.to).toMatchObject({
    path: '/var/log/nodepool/debug.log',
    rotation: { by: 'time', when: 'W', weekday: 0, interval: 1, backupCount: 30 },
  });
  expect(plan!.handlers.get('sys')!.to).toMatchObject({
    address: { host: 'logs.example.org', port: 514 },
    facility: 19,
  });
});

test('mistakes are named with file, line and key, all of them, and say what to do', () => {
  const text = [
    'version: 1',
    'formatters:',
    "  a: {format: '%(asctime)s %(massage)s'}",
    'handlers:',
    '  mail:',
    '    class: logging.handlers.SMTPHandler',
    '  file:',
    '    class: logging.FileHandler',
    '    formatter: b',
    '    file_name: /tmp/x',
    'loggers:',
    '  nodepool: {level: LOUD, handlers: [file, nowhere]}',
  ].join('\n');
  const found = errors('/etc/l.yaml', text);
  expect(found).toContainEqual(
    expect.stringContaining('/etc/l.yaml:3:7: formatters.a.format: there is no attribute massage'),
  );
  expect(found).toContainEqual(
    expect.stringMatching(
      /l.yaml:6:5: handlers.mail.class: there is no handler .*SMTPHandler; expected logging.Str.*\(log to a file/,
    ),
  );
  expect(found).toContainEqual(expect.stringMatching(/:9:5: handlers.file.formatter: there is no formatter b/));
  expect(found).toContainEqual(expect.stringMatching(/:10:5: handlers.file.file_name: this key is not known here/));
  expect(found).toContainEqual(expect.stringMatching(/handlers.file.filename: there is no file to write to/));
  expect(found).toContainEqual(expect.stringMatching(/:12:14: loggers.nodepool.level: there is no level LOUD/));
  expect(found).toContainEqual(expect.stringMatching(/loggers.nodepool.handlers: there is no handler nowhere/));
});

test.each([
  ['no section before', 'a=1', '/etc/l.conf:1:1: not valid ini: this line stands before any [section]'],
  ['no pair', '[loggers]\nkeys', '/etc/l.conf:2:1: not valid ini: this line is neither [section] nor name=value'],
  [
    'a handler that is not there',
    INI.replace('keys=console,', 'keys=konsole,console,'),
    'handlers.keys: there is no section [handler_konsole]',
  ],
  ['code in args', INI.replace('(sys.stdout,)', '(open("x") if 1 else 2)'), 'handler_console.args: has "("'],
  ['filters', 'version: 1\nfilters: {a: {name: x}}', 'filters: filters are not supported'],
  ['no version', 'root: {}', 'version: there is no such version; expected 1'],
  ['broken YAML', 'version: [', 'not valid YAML'],
])('%s is an error', (title, text, message) => {
  const file = text.includes('version') || title === 'no version' ? '/etc/l.yml' : '/etc/l.conf';
  expect(errors(file, text).join('\n')).toContain(message);
});

test('what Python knows of a line and we do not is a warning', () => {
  const { plan, problems } = parseLogFile(
    '/etc/l.yml',
    "version: 1\nformatters: {a: {format: '%(lineno)d %(message)s'}}",
  );
  expect(plan).toBeDefined();
  expect(problems.map((it) => it.message)).toEqual(['lineno is not known here: a stand-in is printed']);
});

test('a missing file has the words of the Python daemons', () => {
  expect(() => readLogFile('/no/such/file.yaml')).toThrow('Unable to read logging config file at /no/such/file.yaml');
});
