import { machineKey } from '../../../../src/config/standing-machine';
import type { ProviderConfig } from '../../../../src/config/types';
import { machinesOf } from '../../../../src/drivers/static/machines';
import { parse } from '../../config/schemas';

/** A provider whose pools have these machines, as loaded from a file. */
function racks(
  ...pools: readonly (readonly { readonly labels: unknown; readonly [key: string]: unknown }[])[]
): ProviderConfig {
  const provider = {
    name: 'racks',
    driver: 'static',
    pools: pools.map((nodes, at) => ({ name: `pool-${at}`, 'node-attributes': { zone: `pool-${at}` }, nodes })),
  };
  const labels = pools.flat().flatMap((it) => (typeof it.labels === 'string' ? it.labels.split(/ +/) : it.labels));
  const { config } = parse(
    JSON.stringify({ labels: [...new Set(labels)].filter(Boolean).map((name) => ({ name })), providers: [provider] }),
  );
  return config!.providers.get('racks')!;
}

const minimal = { name: 'rack1', labels: ['metal'] };

test('fills in what the file leaves out (drivers.md 7.1)', () => {
  expect(machinesOf(racks([minimal])).machines).toEqual([
    {
      key: machineKey('rack1', 'zuul', 22),
      pool: 'pool-0',
      name: 'rack1',
      labels: ['metal'],
      username: 'zuul',
      connectionType: 'ssh',
      connectionPort: 22,
      pythonPath: 'auto',
      shellType: null,
      slots: 1,
      attributes: { zone: 'pool-0' },
      hostKeys: [],
      isChecked: true,
      timeoutMs: 5000,
    },
  ]);
});

test.each([
  ['labels as text', { labels: 'metal  big ' }, { labels: ['metal', 'big'] }],
  ['labels with blanks in a list', { labels: ['odd name'] }, { labels: ['odd name'] }],
  ['port of winrm', { 'connection-type': 'winrm' }, { connectionPort: 22, connectionType: 'winrm' }],
  ['a port', { 'connection-port': 2222 }, { connectionPort: 2222 }],
  ['the old name of the port', { 'ssh-port': 2200 }, { connectionPort: 2200 }],
  ['both names', { 'ssh-port': 2200, 'connection-port': 2222 }, { connectionPort: 2222 }],
  ['one host key', { 'host-key': 'ssh-rsa AAAA' }, { hostKeys: ['ssh-rsa AAAA'] }],
  [
    'keys with comments',
    { 'host-key': ['ssh-rsa  AAAA root@rack1', ' ssh-ed25519 BBBB'] },
    { hostKeys: ['ssh-rsa AAAA', 'ssh-ed25519 BBBB'] },
  ],
  ['an empty host key', { 'host-key': '' }, { hostKeys: [] }],
  ['no checking', { 'host-key-checking': false }, { isChecked: false }],
  ['jobs side by side', { 'max-parallel-jobs': 4 }, { slots: 4 }],
  ['no jobs at all', { 'max-parallel-jobs': -1 }, { slots: 0 }],
  ['time', { timeout: 13 }, { timeoutMs: 13_000 }],
  ['interpreters', { 'python-path': '/py', 'shell-type': 'cmd' }, { pythonPath: '/py', shellType: 'cmd' }],
])('%s', (_title, keys, wanted) => {
  expect(machinesOf(racks([{ ...minimal, ...keys }])).machines[0]).toMatchObject(wanted);
});

test('name, user and port tell machines apart, over all pools; of two the first counts', () => {
  const { machines, repeated } = machinesOf(
    racks(
      [minimal, { ...minimal, username: 'root' }, { ...minimal, 'connection-port': 2222 }],
      [
        { ...minimal, labels: ['again'] },
        { name: 'rack2', labels: ['metal'] },
      ],
    ),
  );
  expect(machines.map(({ pool, name, username, connectionPort }) => [pool, name, username, connectionPort])).toEqual([
    ['pool-0', 'rack1', 'zuul', 22],
    ['pool-0', 'rack1', 'root', 22],
    ['pool-0', 'rack1', 'zuul', 2222],
    ['pool-1', 'rack2', 'zuul', 22],
  ]);
  expect(repeated.map((it) => [it.pool, it.labels])).toEqual([['pool-1', ['again']]]);
});
