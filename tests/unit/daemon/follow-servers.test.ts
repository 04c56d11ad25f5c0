import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigFile } from '../../../src/builder/config-file';
import { serverFollower } from '../../../src/daemon/follow-servers';
import { silentLogger } from '../../../src/runtime/log';
import { ZkError } from '../../../src/zk/errors';
import { FakeClock } from '../../support/fake-clock';
import { parse } from '../config/schemas';

const textOf = (chroot: string, ...hosts: readonly string[]) =>
  `zookeeper-servers:\n${hosts.map((it) => `  - {host: ${it}, port: 1, chroot: ${chroot}}\n`).join('')}`;
const configOf = (text: string) => parse(text).config!;

/** As a client does: servers come and go, the chroot stays. */
function client() {
  const told: string[] = [];
  const updateServers = (hosts: string) => {
    if (!hosts.endsWith('/np')) throw new ZkError('BAD_ARGUMENTS', hosts);
    told.push(hosts);
  };
  return { told, updateServers };
}

test('servers follow the file, told once each', () => {
  const zk = client();
  const follow = serverFollower(zk, configOf(textOf('/np', 'a')));
  for (const text of [textOf('/np', 'a'), textOf('/np', 'b'), textOf('/np', 'b'), 'labels: []\n']) {
    follow(configOf(text));
  }
  expect(zk.told).toEqual(['b:1/np']);
});

test('a builder refuses a file with another chroot as a launcher does, says so, and takes the next one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nodepool-servers-'));
  try {
    const file = join(folder, 'nodepool.yaml');
    let text = '';
    let changes = 0;
    const change = (next: string) => {
      text = next;
      writeFileSync(file, text);
      changes += 1;
      utimesSync(file, changes, changes);
    };
    change(textOf('/np', 'a'));
    const zk = client();
    const follow = serverFollower(zk, configOf(text));
    const load = () => {
      const config = configOf(text);
      follow(config);
      return config;
    };
    const source = new ConfigFile({ file }, load, { clock: new FakeClock(), log: silentLogger });
    const problems: (string | undefined)[] = [];
    source.onProblem((it) => problems.push(it));
    change(`${textOf('/elsewhere', 'a')}images-dir: /there\n`);
    source.look();
    expect(problems).toEqual([expect.stringContaining('another chroot takes a restart')]);
    expect(source.current.imagesDir).toBeUndefined();
    change(`${textOf('/np', 'b')}images-dir: /there\n`);
    source.look();
    expect(problems).toEqual([expect.any(String), undefined]);
    expect(source.current.imagesDir).toBe('/there');
    expect(zk.told).toEqual(['b:1/np']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
