import { dumpText, duration, type ProcessFacts } from '../../../src/daemon/dump';

const MIB = 1024 * 1024;
const facts: ProcessFacts = {
  title: 'nodepool-launcher 1.0, process 12',
  uptimeMs: 3_723_400,
  memory: { rss: 100 * MIB, heapUsed: 40 * MIB, heapTotal: 60 * MIB, external: MIB },
  cpu: 0.1234,
  lateMs: 2.6,
  zookeeper: { state: 'connected', session: '0x10', pending: 3 },
  configProblem: undefined,
  handles: ['Timeout', 'TCPSocketWrap', 'Timeout'],
};

test('a dump is read from top to bottom', () => {
  const list = [
    { name: 'lock', fields: { path: '/a', node: null }, step: undefined, forMs: 90_000, stepForMs: 90_000 },
    { name: 'loop', fields: { loop: 'deletion' }, step: 'pass', forMs: 5000, stepForMs: 200 },
  ];
  expect(dumpText(facts, list).split('\n')).toEqual([
    'what nodepool-launcher 1.0, process 12 is doing, after 1:02:03.4',
    'memory: 100.0 MiB resident, heap 40.0 MiB of 60.0 MiB, outside of it 1.0 MiB',
    'cpu: 12.3 % of a core since the last dump; event loop 3 ms late now',
    'zookeeper: connected, session 0x10, 3 requests without answer',
    'configuration: in force',
    'handles: 2 Timeout, 1 TCPSocketWrap',
    'activities: 2',
    '  01:30.0 lock path=/a',
    '  00:05.0 loop loop=deletion: pass, for 00:00.2',
  ]);
});

test('a long list is cut, and says so', () => {
  const one = { name: 'lock', fields: {}, step: undefined, forMs: 1, stepForMs: 1 };
  const lines = dumpText(
    facts,
    Array.from({ length: 305 }, () => one),
  ).split('\n');
  expect(lines.at(-1)).toBe('  and 5 that began later');
});

test.each([
  [0, '00:00.0'],
  [59_960, '01:00.0'],
  [3_599_900, '59:59.9'],
  [36_000_000, '10:00:00.0'],
])('%d ms', (ms, text) => {
  expect(duration(ms)).toBe(text);
});
