import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { systemClock } from '../../../src/runtime/clock';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { treeFixtures } from '../../support/fixtures';
import { connectTo, loadTree } from './load-tree';
import { nodepool, temporaryFolder } from './run-cli';

const recorded = JSON.parse(readFileSync(join(treeFixtures, 'command-line-output.json'), 'utf8')) as Record<
  string,
  string[]
>;

/** Ages move on, and the column grows with them; dashes and blanks go with the width. */
const masked = (text: string) =>
  text
    .replace(/\d+(:\d\d){3}/g, 'AGE')
    .replace(/-{3,}/g, '-')
    .replace(/ +/g, ' ');

/** A recording's lines, and the rows the tree cannot hold in the server's order compared without regard to order. */
const lines = (text: string) => masked(text).trim().split('\n');

describe('lists of recorded trees', () => {
  let server: PrivateServer;
  let zk: ZooKeeper;
  const files = temporaryFolder();
  beforeAll(async () => {
    server = await startZooKeeper({ clock: systemClock, fsync: false });
    zk = await connectTo(server.hosts);
  });
  afterAll(async () => {
    await zk.close();
    await server.stop();
    files.remove();
  });

  async function withTree(tree: string): Promise<string> {
    const chroot = `/${tree}`;
    if ((await zk.exists(chroot)) === undefined) await loadTree(zk, tree, chroot);
    const [host, port] = server.hosts.split(':');
    return files.file(`${tree}.yaml`, `zookeeper-servers:\n  - {host: ${host}, port: ${port}, chroot: ${chroot}}\n`);
  }

  test.each([
    ['dib-image-list', '08-image-paused', 'dib-image-list'],
    ['image-list', '08-image-paused', 'image-list'],
    ['image-status', '08-image-paused', 'image-status'],
    ['request-list', '24-request-failed-declined-by-all', 'request-list'],
    ['dib-image-list', '54-image-upload-failed', 'dib-image-list with a failed build'],
    ['list', '15-node-in-use-locked', 'list'],
  ])('%s of %s prints what Python printed', async (command, tree, key) => {
    const { status, stdout, stderr } = await nodepool(['-c', await withTree(tree), command]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [ours, theirs] = [lines(stdout), lines(recorded[key]!.join('\n'))];
    expect(ours.slice(0, 3)).toEqual(theirs.slice(0, 3));
    expect([...ours].sort()).toEqual([...theirs].sort());
  });

  test('list --detail shows the columns and the node that Python showed', async () => {
    const { stdout } = await nodepool(['-c', await withTree('15-node-in-use-locked'), 'list', '--detail']);
    const [ours, theirs] = [lines(stdout), lines(recorded['list --detail']!.join('\n'))];
    expect(ours[1]).toBe(theirs[1]);
    // Python's was printed a moment later, when there was another node.
    expect(theirs).toContain(ours[3]);
  });

  test('the table is as wide as Python makes it', async () => {
    const { stdout } = await nodepool(['-c', await withTree('24-request-failed-declined-by-all'), 'request-list']);
    expect(stdout.split('\n').slice(0, 3)).toEqual(recorded['request-list']!.slice(0, 3));
  });

  test.each(['json', 'yaml', 'csv'])('list --format %s names its fields', async (format) => {
    const config = await withTree('15-node-in-use-locked');
    const { stdout } = await nodepool(['-c', config, 'list', '--detail', '--format', format]);
    for (const it of ['server_id', 'b3d74637a53844588dd83aa4fb2927dc', 'user_data']) expect(stdout).toContain(it);
  });

  test('json keeps opaque data as they are stored', async () => {
    const { stdout } = await nodepool([
      '-c',
      await withTree('15-node-in-use-locked'),
      'list',
      '--detail',
      '--format',
      'json',
    ]);
    const rows = JSON.parse(stdout) as { label: string[]; locked: boolean; user_data: object }[];
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      label: ['small'],
      locked: true,
      user_data: { zuul_system: 'c2f7f0835eda5730895cd647161191e8', project_name: 'example.org/project' },
    });
  });

  test('component-list shows pools, launchers and builders', async () => {
    const { stdout } = await nodepool([
      '-c',
      await withTree('15-node-in-use-locked'),
      'component-list',
      '--format',
      'json',
    ]);
    const kinds = (JSON.parse(stdout) as { kind: string }[]).map((it) => it.kind);
    expect(new Set(kinds)).toEqual(new Set(['builder', 'launcher', 'pool']));
  });

  test('info shows what the tree knows of a provider', async () => {
    const { stdout } = await nodepool(['-c', await withTree('08-image-paused'), 'info', 'fake-east']);
    expect(stdout).toMatch(/^ZooKeeper data for provider fake-east\n\nImage data:\n\+-/);
    expect(stdout).toContain('| deb        | 2b9a6204462047e682f05819e67721d1 | 0000000001 |');
    expect(stdout).toMatch(
      /\n\nNodes:\n\+----\+-----------\+\n\| ID \| Server ID \|\n\+----\+-----------\+\n\+----\+-----------\+\n$/,
    );
  });

  test.each([
    ['json', JSON.parse as (text: string) => unknown],
    ['yaml', load as (text: string) => unknown],
  ])('info --format %s is one object', async (format, parse) => {
    const config = await withTree('08-image-paused');
    const { stdout } = await nodepool(['-c', config, 'info', 'fake-east', '--format', format]);
    const images = [{ image: 'deb', build_id: '2b9a6204462047e682f05819e67721d1', upload_ids: ['0000000001'] }];
    expect(parse(stdout)).toEqual({ provider: 'fake-east', images: expect.arrayContaining(images), nodes: [] });
  });
});
