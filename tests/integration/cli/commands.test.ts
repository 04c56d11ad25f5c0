import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/runtime/clock';
import type { ZooKeeper } from '../../../src/zk/client';
import { type PrivateServer, startZooKeeper } from '../../../src/zk/server/private-server';
import { readExport } from '../../support/fixture-tree';
import { connectTo, loadTree } from './load-tree';
import { nodepool, temporaryFolder } from './run-cli';

const NODE = '/nodepool/nodes/0000000000';
const IMAGE = '/nodepool/images/deb';
const BUILD = '2b9a6204462047e682f05819e67721d1';

describe('commands that change the tree', () => {
  let server: PrivateServer;
  let zk: ZooKeeper;
  let trees = 0;
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

  /** A tree of its own for each test, and a configuration that leads to it. */
  async function on(tree: string | undefined) {
    const chroot = `/tree-${(trees += 1)}`;
    if (tree === undefined) await zk.create(chroot, Buffer.alloc(0));
    else await loadTree(zk, tree, chroot);
    const [host, port] = server.hosts.split(':');
    const servers = `zookeeper-servers:
  - {host: ${host}, port: ${port}, chroot: ${chroot}}
`;
    const config = files.file(
      `config-${trees}.yaml`,
      `${servers}diskimages:
  - {name: deb}
  - {name: asleep, pause: true}
  - {name: parent, abstract: true}
providers:
  - {name: fake-east, driver: fake, cloud: fake, diskimages: [{name: deb}], pools: []}
`,
    );
    return {
      config,
      secure: files.file(`secure-${trees}.yaml`, servers),
      run: (...args: string[]) => nodepool(['-c', config, ...args]),
      answer: (stdin: string, ...args: string[]) => nodepool(['-c', config, ...args], { stdin }),
      record: async (path: string) =>
        JSON.parse((await zk.get(`${chroot}${path}`)).data.toString()) as Record<string, unknown>,
      exists: async (path: string) => (await zk.exists(`${chroot}${path}`)) !== undefined,
      lock: (path: string) =>
        zk.create(`${chroot}${path}/lock/somebody__lock__`, Buffer.alloc(0), { mode: 'ephemeral-sequential' }),
      unlock: async (path: string) => {
        const { children } = await zk.children(`${chroot}${path}/lock`);
        for (const it of children) await zk.delete(`${chroot}${path}/lock/${it}`);
      },
    };
  }

  test('image-build asks for a build, again and again without harm', async () => {
    const tree = await on(undefined);
    expect(await tree.run('image-build', 'deb')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await tree.run('image-build', 'deb')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await tree.exists(`${IMAGE}/request-build`)).toBe(true);
    const { stdout } = await tree.run('image-status', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject([{ image: 'deb', paused: false, build_request: 'pending' }]);
  });

  test.each([
    ['nobody', 'Trying to build a non disk-image-builder image: nobody'],
    ['parent', 'Trying to build a non disk-image-builder image: parent'],
    ['asleep', 'Skipping build request for image asleep; paused'],
  ])('image-build %s is refused', async (image, message) => {
    const tree = await on(undefined);
    const stderr = `nodepool: error: ${message}\n`;
    expect(await tree.run('image-build', image)).toEqual({ status: 1, stdout: '', stderr });
  });

  test('image-history of an image that nobody knows is an error, of one without builds an empty list', async () => {
    const tree = await on(undefined);
    expect(await tree.run('image-history', 'dbe')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'nodepool: error: Image dbe not found: nothing was ever built or asked for by that name\n',
    });
    await tree.run('image-build', 'deb');
    expect((await tree.run('image-history', 'deb')).status).toBe(0);
  });

  test('image-pause and image-unpause are silent, except for an image that is not there', async () => {
    const tree = await on('07-image-two-builds-ready');
    for (const command of ['image-pause', 'image-pause', 'image-unpause', 'image-unpause', 'image-pause']) {
      expect(await tree.run(command, 'deb')).toEqual({ status: 0, stdout: '', stderr: '' });
    }
    expect(await tree.exists(`${IMAGE}/pause`)).toBe(true);
    expect((await tree.run('dib-image-list')).stdout).toContain('| paused |');
    expect((await tree.run('image-pause', 'nobody')).status).toBe(1);
    expect((await tree.run('image-unpause', 'nobody')).status).toBe(0);
  });

  test('dib-image-delete marks a build, unless it is being made', async () => {
    const tree = await on('07-image-two-builds-ready');
    expect(await tree.run('dib-image-delete', `deb-${BUILD}`)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await tree.record(`${IMAGE}/builds/${BUILD}`)).toMatchObject({ state: 'deleting' });
    const gone = await tree.run('dib-image-delete', 'deb-nothing');
    expect(gone).toMatchObject({ status: 0, stdout: 'Build deb-nothing not found\n' });
    expect((await tree.run('dib-image-delete', 'nohyphen')).status).toBe(1);
    const building = await on('01-image-building');
    const { stdout } = await building.run('dib-image-list', '--format', 'json');
    const [{ id }] = JSON.parse(stdout) as [{ id: string }];
    expect((await building.run('dib-image-delete', id)).stdout).toBe('Cannot delete a build in progress\n');
  });

  test('image-delete marks an upload', async () => {
    const tree = await on('07-image-two-builds-ready');
    const which = (upload: string) => [
      '--provider',
      'fake-east',
      '--image',
      'deb',
      '--build-id',
      BUILD,
      '--upload-id',
      upload,
    ];
    expect(await tree.run('image-delete', ...which('0000000001'))).toMatchObject({ status: 0, stdout: '' });
    const path = `${IMAGE}/builds/${BUILD}/providers/fake-east/images/0000000001`;
    expect(await tree.record(path)).toMatchObject({ state: 'deleting', external_id: expect.any(String) });
    expect((await tree.run('image-delete', ...which('0000000099'))).stdout).toBe('Image upload not found\n');
  });

  test.each([
    ['hold', 'hold'],
    ['delete', 'deleting'],
  ])('%s writes the state under the lock and prints the node', async (command, state) => {
    const tree = await on('15-node-in-use-locked');
    await tree.unlock(NODE);
    const { status, stdout } = await tree.run(command, '0000000000');
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^\\+-.*\\n\\| ID .*\\n.*\\n\\| 0000000000 \\| fake-west .*\\| ${state} `));
    expect(await tree.record(NODE)).toMatchObject({ state, provider: 'fake-west' });
  });

  test('hold --reason is kept as the comment', async () => {
    const tree = await on('15-node-in-use-locked');
    await tree.unlock(NODE);
    await tree.run('hold', '--reason', 'looking at it', '0000000000');
    expect(await tree.record(NODE)).toMatchObject({ state: 'hold', comment: 'looking at it' });
  });

  test('hold --hold-time is when it will be deleted; zeros of an id may be left out, and several ids be given', async () => {
    const tree = await on('15-node-in-use-locked');
    await tree.unlock(NODE);
    const { status, stdout } = await tree.run('hold', '--hold-time', '2h', '0', '7');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Node id 7 not found\n\+-[^]*\| 0000000000 \|/);
    expect(await tree.record(NODE)).toMatchObject({ state: 'hold', hold_expiration: 7200 });
  });

  test.each([
    ['hold', 0, 'Node id 7 not found\n'],
    ['delete', 0, 'Node id 7 not found\n'],
    ['release', 1, 'nodepool: error: Node id 7 not found\n'],
  ])('%s --format json prints a list and nothing else', async (command, code, remark) => {
    const tree = await on('15-node-in-use-locked');
    await tree.unlock(NODE);
    const { status, stdout, stderr } = await tree.run(command, '--format', 'json', '0', '7');
    expect({ status, stderr }).toEqual({ status: code, stderr: remark });
    expect(JSON.parse(stdout)).toEqual([expect.objectContaining({ id: '0000000000', provider: 'fake-west' })]);
    expect((await tree.run(command, '--format', 'json', '7')).stdout).toBe('[]\n');
  });

  test('of several nodes those that can be changed are, and the status tells of the others', async () => {
    const tree = await on('21-request-fulfilled-two-nodes');
    const { stdout } = await tree.run('list', '--format', 'csv', '--fields', 'id');
    const [first, second] = stdout.trim().split('\n').slice(1);
    await tree.lock(`/nodepool/nodes/${first}`);
    const outcome = await tree.run('delete', first!, second!);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toBe(`nodepool: error: node ${first} is locked by somebody else; gave up after 5 s\n`);
    expect(await tree.record(`/nodepool/nodes/${second}`)).toMatchObject({ state: 'deleting' });
    expect(await tree.record(`/nodepool/nodes/${first}`)).not.toMatchObject({ state: 'deleting' });
  });

  test('image-delete ID: by what the provider calls the image, as far as that is one', async () => {
    const tree = await on('07-image-two-builds-ready');
    const { stdout } = await tree.run('image-list', '--format', 'json', '--filter', 'provider=fake-east');
    const [upload] = JSON.parse(stdout) as {
      id: string;
      external_id: string;
      external_name: string;
      upload_id: string;
    }[];
    const { id: build, external_id: externalId, external_name: name, upload_id: number } = upload!;
    const several = await tree.run('image-delete', name);
    expect(several.status).toBe(1);
    expect(several.stderr).toMatch(/2 images are called .*: say which with --provider or --build-id/);
    expect(await tree.run('image-delete', '--force', externalId)).toEqual({ status: 0, stdout: '', stderr: '' });
    const path = `${IMAGE}/builds/${build}/providers/fake-east/images/${number}`;
    expect(await tree.record(path)).toMatchObject({ state: 'deleting' });
    expect(await tree.run('image-delete', name, '--provider', 'fake-west')).toMatchObject({ status: 0, stdout: '' });
    expect((await tree.run('image-delete', 'nothing')).stdout).toBe('Image upload not found\n');
  });

  test.each([
    [['image-upload', '--no-wait', 'fake-east', 'deb'], `${IMAGE}/request-upload-fake-east`],
    [['image-update', '--no-wait', 'all', 'deb'], `${IMAGE}/request-build`],
  ])('%j only asks', async (args, path) => {
    const tree = await on('07-image-two-builds-ready');
    expect(await tree.run(...args)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(await tree.exists(path)).toBe(true);
  });

  test.each([
    [['image-upload', 'nowhere', 'deb'], 'Provider nowhere does not exist'],
    [['image-update', 'nowhere', 'deb'], 'Provider nowhere does not exist'],
    [['image-upload', 'all', 'nobody'], 'Trying to upload a non disk-image-builder image: nobody'],
    [['image-update', 'fake-east', 'asleep'], 'Image specified, asleep, is not in use.'],
  ])('%j is refused in the words of old', async (args, message) => {
    const tree = await on('07-image-two-builds-ready');
    expect(await tree.run(...args)).toEqual({ status: 1, stdout: '', stderr: `nodepool: error: ${message}\n` });
  });

  test('a node that is not there is told, one that is locked is an error', async () => {
    const tree = await on('15-node-in-use-locked');
    expect(await tree.run('delete', '0000009999')).toEqual({
      status: 0,
      stdout: 'Node id 0000009999 not found\n',
      stderr: '',
    });
    await tree.unlock(NODE);
    await tree.lock(NODE);
    const locked = await tree.run('hold', '0000000000');
    expect(locked.status).toBe(1);
    expect(locked.stderr).toMatch(/node 0000000000 is locked/);
    expect(await tree.record(NODE)).toMatchObject({ state: 'in-use' });
  });

  test('delete --now needs the provider in the configuration', async () => {
    const tree = await on('15-node-in-use-locked');
    await tree.unlock(NODE);
    const { status, stdout } = await tree.run('delete', '--now', '0000000000');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: 'Provider fake-west for node 0000000000 not defined on this launcher\n',
    });
  });

  test('erase asks first, and takes only what belongs to the provider', async () => {
    const tree = await on('15-node-in-use-locked');
    const refused = await tree.answer('n\n', 'erase', 'fake-west');
    expect(refused.stdout).toBe(
      '\nWARNING! This action is not reversible!\nErase ZooKeeper data for provider fake-west? [N/y] Aborting. No data erased.\n',
    );
    expect(await tree.exists(NODE)).toBe(true);
    const agreed = await tree.answer('y\n', 'erase', 'fake-west');
    expect(agreed.stdout).toMatch(/Erasing build data for fake-west\.\.\.\nErasing node data for fake-west\.\.\.\n$/);
    expect(await tree.exists(NODE)).toBe(false);
    const { stdout } = await tree.run('image-list', '--format', 'json');
    const providers = (JSON.parse(stdout) as { provider: string }[]).map((it) => it.provider);
    expect(new Set(providers)).toEqual(new Set(['fake-east']));
  });

  test('erase --force asks nobody', async () => {
    const tree = await on('15-node-in-use-locked');
    const { stdout } = await tree.run('erase', '--force', 'fake-west');
    expect(stdout).toBe('Erasing build data for fake-west...\nErasing node data for fake-west...\n');
    expect(await tree.exists(NODE)).toBe(false);
  });

  test('-s: the servers of the secure file stand in for those of the main file', async () => {
    const tree = await on('07-image-two-builds-ready');
    const main = files.file('nowhere.yaml', 'zookeeper-servers: [{host: 127.0.0.1, port: 1}]\n');
    const { status, stdout } = await nodepool(['-c', main, '-s', tree.secure, 'dib-image-list', '--fields', 'image']);
    expect(status).toBe(0);
    expect(stdout).toContain('| deb   |');
  });

  test('export-image-data writes what Python wrote, import-image-data brings it back', async () => {
    const tree = await on('08-image-paused');
    const path = join(files.folder, 'export.json');
    expect(await tree.run('export-image-data', path)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(readExport());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const other = await on(undefined);
    expect(await other.run('import-image-data', path)).toEqual({ status: 0, stdout: '', stderr: '' });
    const lists = await Promise.all([tree, other].map((it) => it.run('image-list', '--format', 'json')));
    const [before, after] = lists.map((it) =>
      (JSON.parse(it.stdout) as object[]).map((row) => JSON.stringify({ ...row, age: 0 })).sort(),
    );
    expect(after).toEqual(before);
  });

  test.each([
    [
      'export-image-data',
      '/nosuchdir/x',
      'written: its folder does not exist (make the folder first, or name another place)',
    ],
    ['export-image-data', files.folder, 'written: it is a folder (name a file)'],
    ['import-image-data', '/nosuchdir/x', 'read: there is no such file (check the path)'],
    ['import-image-data', files.folder, 'read: it is a folder (name a file)'],
  ])('%s %s says what to do', async (command, path, message) => {
    const tree = await on(undefined);
    const stderr = `nodepool: error: ${path} cannot be ${message}\n`;
    expect(await tree.run(command, path)).toEqual({ status: 1, stdout: '', stderr });
  });

  test.each([
    ['not json', 'is not JSON'],
    ['[]', 'does not hold an object'],
    ['{"/nodepool/nodes/1": "x"}', 'is not below /nodepool/images'],
    ['{"/nodepool/images/a/pause": 5}', 'is not text'],
  ])('import-image-data of %j changes nothing', async (text, message) => {
    const tree = await on(undefined);
    const outcome = await tree.run('import-image-data', files.file('bad.json', text));
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toContain(message);
    expect(await tree.exists('/nodepool')).toBe(false);
  });
});
