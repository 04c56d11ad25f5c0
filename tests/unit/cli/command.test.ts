import { usageOf } from '../../../src/cli/parser';
import { COMMANDS } from '../../../src/cli/specs';
import { nodepool, temporaryFolder } from '../../integration/cli/run-cli';

const files = temporaryFolder();
afterAll(() => files.remove());

test('without a command: help on standard output, status 1', async () => {
  const { status, stdout, stderr } = await nodepool([]);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout).toMatch(/Node pool\.[\s\S]*commands[\s\S]*dib-image-list/);
});

test.each([['--help'], ['-h'], ['list', '--help']])('%s: help on standard output, status 0', async (...args) => {
  const { status, stdout, stderr } = await nodepool(args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: nodepool/);
});

test('the list of commands shows of each what its own help shows', async () => {
  const { stdout } = await nodepool(['--help']);
  for (const it of COMMANDS.filter(({ hidden }) => hidden !== true)) {
    expect(stdout).toContain(`\n  ${`${it.name} ${usageOf(it)}`.trimEnd()}`);
  }
});

const CHOICES = String.raw`\(choose from list, delete, .*help\)`;

/** Wording and place are those of Python's argparse (cli.md 2). */
test.each<[readonly string[], RegExp]>([
  [
    ['nothing'],
    new RegExp(`^usage: nodepool .*\nnodepool: error: argument command: invalid choice: 'nothing' ${CHOICES}\n$`),
  ],
  [['lst'], /error: argument command: invalid choice: 'lst' \(Did you mean list\?\)/],
  [['list', '--nothing'], /^usage: nodepool list .*\nnodepool list: error: unrecognized arguments: --nothing\n$/],
  [['list', '--fromat=x'], /unrecognized arguments: --fromat=x? ?\(Did you mean --format\?\)/],
  [['hold'], /nodepool hold: error: the following arguments are required: id\n$/],
  [['image-upload'], /<image>\nnodepool image-upload: error: the following arguments are required: image\n$/],
  [['image-update'], /<image>\nnodepool image-update: error: the following arguments are required: image\n$/],
  [['hold', '--hold-time', '1h'], /nodepool hold: error: the following arguments are required: id\n$/],
  [
    ['list', '--watch', '1x'],
    /nodepool list: error: argument --watch: '1x' is not a time in seconds, like 5 or 0.5\n$/,
  ],
  ...(
    [
      ['alien-list', '1x'],
      ['alien-image-list', '1.5s'],
      ['audit', '5,5'],
      ['component-list', '2m'],
      ['list', '.5s'],
      ['request-list', 'soon'],
    ] as const
  ).map(([command, time]): [string[], RegExp] => [
    [command, '--watch', time],
    new RegExp(`nodepool ${command}: error: argument --watch: '${time}' is not a time in seconds, like 5 or 0.5\n$`),
  ]),
  [['alien-list', '--watch=soon'], /argument --watch: 'soon' is not a time in seconds, like 5 or 0.5\n$/],
  [['list', '--watch', '5', '1x'], /error: unrecognized arguments: 1x\n$/],
  [['list', 'extra', 'more'], /nodepool list: error: unrecognized arguments: extra more\n$/],
  [
    ['image-delete', '--image', 'x'],
    /image-delete: error: the following arguments are required: --provider, --upload-id, --build-id\n$/,
  ],
  [['list', '--format', 'xml'], /argument --format: invalid choice: 'xml' \(choose from table, json, yaml, csv\)\n$/],
  [['list', '--format'], /argument --format: expected one argument\n$/],
  [['completion', 'tcsh'], /argument shell: invalid choice: 'tcsh' \(choose from bash, zsh, fish\)\n$/],
  [['--timeout', 'soon', 'list'], /nodepool: error: argument --timeout: not a number of seconds\n$/],
  [['job-create', 'a', '--hold-on-failure', 'x'], /argument --hold-on-failure: invalid int value: 'x'\n$/],
  [['hold', '1', '--hold-time', 'soon'], /argument --hold-time: 'soon' is not a time of a second or more/],
  [['list', '--filter', 'state'], /argument --filter: 'state' is not FIELD=VALUE/],
  [
    ['list', '--filter', 'status=x'],
    /argument --filter: no field 'status' \(choose from id, provider, .*driver_data\)/,
  ],
  [['list', '--sort', '-size'], /argument --sort: no field 'size'/],
  [['list', '--fields', 'id,size'], /argument --fields: no field 'size'/],
  [['request', 'small', '--count', '0'], /argument --count: '0' is not a number from 1/],
  [['request', 'small', '--priority', 'soon'], /argument --priority: 'soon' is neither high, normal, low nor a number/],
  [['help', 'nothing'], /nodepool help: error: argument command: invalid choice: 'nothing'/],
])('%j: usage and what is wrong on standard error, status 2', async (args, message) => {
  const { status, stdout, stderr } = await nodepool(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^usage: nodepool /);
  expect(stderr).toMatch(message);
});

test('help COMMAND says what COMMAND --help says', async () => {
  const [one, other] = [await nodepool(['help', 'hold']), await nodepool(['hold', '--help'])];
  expect(one).toEqual(other);
  expect(one).toMatchObject({ status: 0, stdout: expect.stringContaining('--hold-time <TIME>') });
  expect((await nodepool(['help'])).stdout).toBe((await nodepool(['--help'])).stdout);
});

test('what is for programs is not in the help', async () => {
  expect((await nodepool(['--help'])).stdout).not.toMatch(/^\s+complete\b/m);
});

test.each([[['--version']], [['-c', '/nonexistent.yaml', '--version']], [['--version', 'list']]])(
  '%j',
  async (args) => {
    const { status, stdout } = await nodepool(args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Nodepool version: \d+\.\d+\.\d+\n$/);
  },
);

test.each([
  [
    'a missing file',
    '/nonexistent/nodepool.yaml',
    /yaml: cannot be read: there is no such file \(check the path; -c FILE names it\)\n$/,
  ],
  ['a folder', files.folder, /: cannot be read: it is a folder \(name a file; -c FILE names it\)\n$/],
  ['a file that is no YAML', files.file('bad.yaml', 'a: [1\n'), /bad\.yaml:\d+:\d+: not valid YAML/],
  ['no servers', files.file('empty.yaml', 'webapp: {}\n'), /no zookeeper-servers/],
])('%s is one clear line, and a stack only with --debug', async (_title, file, message) => {
  const plain = await nodepool(['-c', file, 'list']);
  expect(plain.status).toBe(1);
  expect(plain.stderr).toMatch(message);
  expect(plain.stderr.trim().split('\n')).toHaveLength(1);
  expect((await nodepool(['-c', file, '--debug', 'list'])).stderr).toMatch(/\n\s+at /);
});

test('a log configuration that is not there is an error', async () => {
  const { status, stderr } = await nodepool(['-l', '/nonexistent.conf', 'list']);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'nodepool: error: Unable to read logging config file at /nonexistent.conf\n',
  });
});

describe('config-validate', () => {
  const good = files.file('good.yaml', 'webapp:\n  port: %(NODEPOOL_PORT)\n');
  const wrong = files.file('wrong.yaml', 'labels:\n  - name: a\n    min_ready: 1\nprovider: []\n');
  const halves = files.file(
    'halves.yaml',
    'labels: [{name: a}]\nproviders: [{name: s, driver: static, pools: [{name: p, nodes: [{name: h, labels: [b]}]}]}]\n',
  );

  test('is silent about a good file', async () => {
    const outcome = await nodepool(['-c', good, 'config-validate'], { env: { NODEPOOL_PORT: '8005' } });
    expect(outcome).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('tells every problem with its place and a hint', async () => {
    const { status, stdout, stderr } = await nodepool(['-c', wrong, 'config-validate']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^error: .*wrong\.yaml:3:5: labels\[0\]\.min_ready: .*did you mean "min-ready"\?/),
      expect.stringMatching(/^error: .*wrong\.yaml:4:1: provider: .*did you mean "providers"\?/),
    ]);
  });

  test('as JSON on standard output', async () => {
    const { status, stdout } = await nodepool(['-c', wrong, 'config-validate', '--format', 'json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { severity: 'error', loads: true, line: 3, column: 5, key: 'labels[0].min_ready' },
      { severity: 'error', loads: true, line: 4, column: 1, key: 'provider' },
    ]);
  });

  const servers = files.file('servers.yaml', 'zookeeper-servers: [{host: zk, port: 2181}]\n');
  const secrets = files.file('secrets.yaml', 'diskimages: [{name: nobody, env-vars: {A: b}}]\n');

  test.each([
    [
      'is missing',
      '/nonexistent/secure.yaml',
      ': cannot be read: there is no such file; the daemons will not load this file (check the path; -s FILE names it)',
    ],
    [
      'does not fit the main file',
      secrets,
      ':1:15: diskimages[0].name: diskimage "nobody" of the secure file is not defined in the main file; the daemons will not load this file',
    ],
  ])('a secure file that %s is a warning: Python does not look at it here', async (_title, secure, message) => {
    const args = ['-c', servers, '-s', secure, 'config-validate'];
    const { status, stdout, stderr } = await nodepool(args);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr.trim()).toBe(`warning: ${secure}${message}`);
    expect((await nodepool([...args, '--strict'])).status).toBe(1);
    const json = JSON.parse((await nodepool([...args, '--format', 'json'])).stdout) as unknown;
    expect(json).toMatchObject([{ severity: 'warning', loads: false, file: secure }]);
  });

  test('a secure file that is well adds nothing', async () => {
    const outcome = await nodepool(['-c', servers, '-s', servers, 'config-validate']);
    expect(outcome).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test("warns of what only loading refuses, as Python's validator passes it", async () => {
    const { status, stderr } = await nodepool(['-c', halves, 'config-validate']);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^warning: .*label "b" is not in the main list of labels; the daemons will not load this file/,
    );
    expect((await nodepool(['-c', halves, 'config-validate', '--strict'])).status).toBe(1);
  });
});
