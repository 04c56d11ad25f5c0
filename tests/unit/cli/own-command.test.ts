import { type Asked, DEFAULT_CONFIG_FILE, ownCommand } from '../../../src/cli/own-command';

const ioOf = (program?: string): Asked['io'] => ({
  env: { PATH: '/usr/bin:/opt/bin' },
  ...(program === undefined ? {} : { process: { command: ['/usr/bin/node', program], onCrash: () => undefined } }),
});

test.each([
  ['the default files', undefined, undefined, ['ssh', '12'], 'nodepool ssh 12'],
  ['a file', 'my/pool.yaml', undefined, ['ssh', '12'], 'nodepool -c my/pool.yaml ssh 12'],
  ['both files', '/a.yaml', '/b.yaml', ['list'], 'nodepool -c /a.yaml -s /b.yaml list'],
  ['blanks and quotes', "/it's here/a.yaml", undefined, ['list'], "nodepool -c '/it'\\''s here/a.yaml' list"],
  [
    'a word that a shell would read',
    '/a.yaml',
    undefined,
    ['image-build', '$x;y'],
    "nodepool -c /a.yaml image-build '$x;y'",
  ],
])('with %s', (_title, configFile = DEFAULT_CONFIG_FILE, secureFile, words, line) => {
  expect(ownCommand({ io: ioOf(), global: { configFile, secureFile } }, ...words)).toBe(line);
});

test.each([
  ['found by the shell', '/opt/bin/nodepool', 'nodepool list'],
  ['that lies elsewhere', '/home/me/nodepool/bin/nodepool', '/home/me/nodepool/bin/nodepool list'],
  ['that is not ours', '/x/jest.js', 'nodepool list'],
])('a program %s', (_title, program, line) => {
  const global = { configFile: DEFAULT_CONFIG_FILE, secureFile: undefined };
  expect(ownCommand({ io: ioOf(program), global }, 'list')).toBe(line);
});
