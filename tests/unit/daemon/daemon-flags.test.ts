import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DAEMON_OPTIONS, type DaemonName, parseDaemonFlags } from '../../../src/daemon/daemon-flags';

function parse(name: DaemonName, ...argv: string[]) {
  const written = { out: '', err: '' };
  const to = (where: 'out' | 'err') =>
    ({ write: (text: string) => (written[where] += text) }) as unknown as NodeJS.WritableStream;
  const tools = { version: '1.2', stdout: to('out'), stderr: to('err'), env: { HOME: '/home/x' } };
  return { ...parseDaemonFlags(name, argv, tools), written };
}

const flagsOf = (name: DaemonName, ...argv: string[]) => {
  const result = parse(name, ...argv);
  if (!('flags' in result)) throw new Error(result.written.err);
  return result.flags;
};

test.each([
  ['nodepool-launcher', '/var/run/nodepool/nodepool.pid', '/var/log/nodepool/nodepool.log'],
  ['nodepool-builder', '/var/run/nodepool/nodepool-builder.pid', '/var/log/nodepool/nodepool-builder.log'],
  ['nodepoold', '/var/run/nodepool/nodepool.pid', '/var/log/nodepool/nodepool.log'],
] as const)('%s has the defaults of the Python daemon', (name, pidFile, logFile) => {
  expect(flagsOf(name)).toEqual({
    config: '/etc/nodepool/nodepool.yaml',
    secure: undefined,
    logConfig: undefined,
    pidFile,
    logFile,
    logFormat: 'text',
    profileDir: undefined,
    debug: false,
    foreground: false,
    repl: false,
    webapp: true,
    launches: true,
    deletes: true,
    builder: true,
    images: true,
    buildWorkers: 1,
    uploadWorkers: 4,
    fake: false,
  });
});

test.each([
  [[], '/var/log/nodepool/nodepool.log'],
  [['-f'], undefined],
  [['-d'], undefined],
  [['-f', '--log-file', '/a.log'], '/a.log'],
  [['-d', '--log-file', '/var/log/nodepool/nodepool.log'], '/var/log/nodepool/nodepool.log'],
  [['--log-file', '/a.log'], '/a.log'],
])('%j logs to %s', (argv, file) => {
  expect(flagsOf('nodepool-launcher', ...argv).logFile).toBe(file);
});

test('nodepoold takes the flags of every release', () => {
  const argv = [
    '-c',
    '~/a.yaml',
    '-s',
    '/b',
    '-l',
    '/l',
    '-p',
    '/p',
    '-d',
    '--no-webapp',
    '--no-builder',
    '--no-deletes',
  ];
  argv.push('--no-launches', '--no-images', '--build-workers', '2', '--upload-workers', '0', '--fake', '--repl');
  expect(flagsOf('nodepoold', ...argv)).toMatchObject({
    config: '/home/x/a.yaml',
    secure: '/b',
    logConfig: '/l',
    pidFile: '/p',
    debug: true,
    foreground: true,
    webapp: false,
    builder: false,
    deletes: false,
    launches: false,
    images: false,
    buildWorkers: 2,
    uploadWorkers: 0,
    fake: true,
    repl: true,
  });
});

test.each(['nodepool-launcher', 'nodepool-builder', 'nodepoold'] as const)('--help of %s has every option', (name) => {
  const result = parse(name, '--help');
  expect(result).toMatchObject({ exit: 0 });
  const shown = result.written.out.replace(/\s+/g, ' ');
  for (const it of DAEMON_OPTIONS.filter(({ of }) => of.includes(name))) {
    expect(shown).toContain(it.flags);
    expect(shown).toContain(it.help);
  }
});

test('the version has the words of the Python daemons', () => {
  expect(parse('nodepool-builder', '--version')).toEqual({
    exit: 0,
    written: { out: 'Nodepool version: 1.2\n', err: '' },
  });
});

test.each([
  [['--unknown'], 'unrecognized arguments: --unknown\n'],
  [['--fak'], 'unrecognized arguments: --fak (Did you mean --fake?)\n'],
  [['-c'], 'argument -c: expected one argument\n'],
  [['extra'], 'too many arguments'],
  [['--build-workers', '-1'], 'It must be a whole number'],
  [['--log-format', 'xml'], 'Allowed choices are text, json'],
])('%j is refused with status 2', (argv, message) => {
  const result = parse('nodepool-builder', ...argv);
  expect(result).toMatchObject({ exit: 2 });
  expect(result.written.err).toMatch(/^usage: nodepool-builder \[options\]\nnodepool-builder: error: .*\n$/);
  expect(result.written.err).toContain(message);
});

test.each(DAEMON_OPTIONS.map((it) => [it.flags, it.shownBy]))('the test that shows %s is there', (_flags, test) => {
  expect(existsSync(join(__dirname, '..', '..', test))).toBe(true);
});
