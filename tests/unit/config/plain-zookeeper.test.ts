import { fc, runs } from '../../support/property';
import { parseZooKeeper } from '../../../src/config/parse-zookeeper';
import { plainZooKeeper } from '../../../src/config/plain-zookeeper';

/** Mostly one of the good, sometimes one of the odd. */
const mostly = <T>(good: readonly T[], odd: readonly T[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });

const host = mostly(['zk01', 'zk02.example.org', '"2001:db8::1"', '"[::1]"'], ['', '5', 'null', '[a]', '2001:db8::1']);
const port = mostly(['2181', '2281', '0x885'], ['"2181"', '2181.5', 'null', '']);
const chroot = mostly(['', '/ci'], ['ci', '""', '7', 'null']);
const member = (key: string, value: string) => (value === '' ? [] : [`${key}: ${value}`]);
const server = fc.tuple(host, port, chroot, mostly([''], ['x'])).map(([name, at, root, odd]) => {
  const members = [...member('host', name), ...member('port', at), ...member('chroot', root), ...member('odd', odd)];
  return `{${members.join(', ')}}`;
});
const servers = fc.oneof(
  { weight: 9, arbitrary: fc.array(server, { maxLength: 3 }).map((it) => `[${it.join(', ')}]`) },
  { weight: 1, arbitrary: fc.constantFrom('null', 'text', '{host: a}') },
);
const tls = mostly(
  ['', '{cert: a, key: b, ca: c}'],
  ['{cert: a, key: b}', '{cert: a, key: b, ca: c, x: d}', '{cert: 5, key: b, ca: c}', 'null', '[]'],
);
const timeout = mostly(['', '10', '0.5'], ['"10"', '0', '-1', 'null', 'soon', '.inf']);
const text = fc
  .tuple(servers, tls, timeout, mostly(['', 'webapp: {port: 1}', 'labels: 5'], ['%', 'a: [']))
  .map(([list, files, seconds, rest]) =>
    [
      `zookeeper-servers: ${list}`,
      ...member('zookeeper-tls', files),
      ...member('zookeeper-timeout', seconds),
      rest,
    ].join('\n'),
  );

test('what is read plainly is what is read thoroughly, without anything to remark', () => {
  const env = { NODEPOOL_HOST: 'zk03' };
  let plain = 0;
  fc.assert(
    fc.property(text, (it) => {
      const quick = plainZooKeeper(it, env);
      if (quick === undefined) return;
      plain += 1;
      const thorough = parseZooKeeper({ file: 'f', text: it }, undefined, env);
      expect({ zookeeper: quick, problems: [] }).toEqual(thorough);
    }),
    runs(2000),
  );
  expect(plain).toBeGreaterThan(200);
});

test.each([
  ['an ordinary file', 'zookeeper-servers:\n  - {host: a, port: 1}\n  - {host: b, port: 2, chroot: /c}\n', 'a:1,b:2/c'],
  ['a variable', 'zookeeper-servers: [{host: "%(NODEPOOL_HOST)", port: 1}]', 'zk03:1'],
])('%s is plain', (_title, it, hosts) => {
  expect(plainZooKeeper(it, { NODEPOOL_HOST: 'zk03' })).toEqual({ hosts, tls: undefined, timeout: 10 });
});
