import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { completionScript } from '../../../src/cli/completion/scripts';
import { systemClock } from '../../../src/runtime/clock';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { connectTo, loadTree } from './load-tree';
import { nodepool, temporaryFolder } from './run-cli';

const PROGRAM = join(__dirname, '../../support/child-program.js');

describe('completion', () => {
  let server: PrivateServer;
  let zk: ZooKeeper;
  let config: string;
  const files = temporaryFolder();
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
    zk = await connectTo(server.hosts);
    await loadTree(zk, '15-node-in-use-locked', '/tree');
    const [host, port] = server.hosts.split(':');
    config = files.file(
      'nodepool.yaml',
      `zookeeper-servers: [{host: ${host}, port: ${port}, chroot: /tree}]
labels: []
diskimages: [{name: deb}, {name: rpm}]
providers: [{name: fake-west, driver: fake, cloud: fake, pools: []}]
`,
    );
  });
  afterAll(async () => {
    await zk.close();
    await server.stop();
    files.remove();
  });

  /** What bash offers for a line that ends where the cursor is; `nodepool` is the program itself. */
  function bash(line: string): string[] {
    const words = line.split(' ');
    const script = `
      nodepool() { ${process.execPath} ${PROGRAM} cli "$@"; }
      ${completionScript('bash')}
      COMP_WORDS=(${words.map((it) => `'${it}'`).join(' ')})
      COMP_CWORD=${words.length - 1}
      _nodepool
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((it) => it !== '');
  }

  test.each<[string, readonly string[]]>([
    ['nodepool image-u', ['image-upload', 'image-update', 'image-unpause']],
    ['nodepool --deb', ['--debug']],
    ['nodepool -c x list --fo', ['--format']],
    ['nodepool list --format ', ['table', 'json', 'yaml', 'csv']],
    ['nodepool completion ', ['bash', 'zsh', 'fish']],
    ['nodepool ssh 1 -- l', []],
    ['nodepool hold --reason ', []],
  ])('bash: %j', (line, words) => {
    expect(bash(line)).toEqual(words);
  });

  test('bash asks the tree for ids and the configuration for names', () => {
    expect(bash(`nodepool -c ${config} hold 00`)).toEqual(['0000000000']);
    expect(bash(`nodepool -c ${config} image-build `)).toEqual(['deb', 'rpm']);
    expect(bash(`nodepool -c ${config} delete 0000000000 00`)).toEqual(['0000000000']);
  });

  test.each([
    ['node', '0000000000\n'],
    ['image', 'deb\nrpm\n'],
    ['provider', 'fake-west\n'],
    ['label', 'large\nmissing\nsmall\n'],
    ['file', ''],
  ])('complete %s', async (kind, words) => {
    const { status, stdout, stderr } = await nodepool(['-c', config, 'complete', kind]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    if (kind !== 'label') expect(stdout).toBe(words);
    else expect(stdout).toContain('small\n');
  });

  test.each(['request', 'build', 'launcher', 'job', 'command'])(
    'complete %s is silent about what it cannot find',
    async (kind) => {
      const { status, stderr } = await nodepool(['-c', '/nonexistent', 'complete', kind]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    },
  );

  test.each(['bash', 'zsh', 'fish'] as const)(
    'completion %s prints a script that its shell can read',
    async (shell) => {
      const { status, stdout } = await nodepool(['completion', shell]);
      expect(status).toBe(0);
      expect(stdout).toContain('image-history');
      const check = spawnSync(shell, ['-n', files.file(`completion.${shell}`, stdout)], { encoding: 'utf8' });
      const isHere = (check.error as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT';
      // Where a shell is not installed only the text is looked at.
      if (isHere) expect(check).toMatchObject({ status: 0, stderr: '' });
    },
  );
});
