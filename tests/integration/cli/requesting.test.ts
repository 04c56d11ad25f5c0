import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configText, Fleet, type Peer, until, untilNode, untilNodeGone, untilRequest } from '../launcher/fleet';
import { describeWith } from '../../support/requirements';
import { ed25519Key, SshMachine } from '../../support/ssh-machine';
import { nodepool, startNodepool, temporaryFolder } from './run-cli';

const ids = (text: string) => [...text.matchAll(/^\| (\d{10}) \|/gm)].map((it) => it[1]!);

describe('asking for nodes by hand', () => {
  let fleet: Fleet;
  let peer: Peer;
  let file: string;
  const files = temporaryFolder();
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  beforeEach(async () => {
    peer = await fleet.peer();
    const [host = '', port = ''] = fleet.server.hosts.split(':');
    file = fleet.writeConfig('cli', `zookeeper-servers: [{host: ${host}, port: ${port}}]\n`);
  });
  afterEach(() => fleet.reset());
  afterAll(async () => {
    await fleet.stop();
    files.remove();
  });

  const run = (...args: string[]) => nodepool(['-c', file, ...args]);
  const start = (...args: string[]) => startNodepool(['-c', file, ...args]);
  /** A spare node that no request has any more, not even the one that it was made by. */
  const untilFree = () => {
    const view = peer.store.nodes.view();
    return until(view, () =>
      [...view.nodes.values()].find(({ record, locked }) => {
        return record?.state === 'ready' && record.allocatedTo === null && !locked;
      }),
    );
  };
  const requests = async () => (await peer.store.requests.read()).size;

  test('request --wait: nodes to log in to, held for whoever asked, until they are released', async () => {
    await fleet.launcher(configText({ labels: ['small', 'large'] }));
    const args = ['request', 'small', 'large', '--wait', '--count', '2', '--hold-time', '1h', '--tenant', 'acme'];
    const { status, stdout, stderr } = await run(...args, '--reason', 'trying');
    expect(status).toBe(0);
    expect(ids(stdout)).toHaveLength(4);
    expect(stdout).toContain('| small | fake-east |');
    const own = `nodepool -c ${file}`;
    expect(stderr).toMatch(new RegExp(`log in: +${own} ssh \\d{10}\ngive back: +${own} release 200-\\d{10} `));
    const [id] = ids(stdout);
    const node = await untilNode(peer.store, id!, (_record, locked) => !locked);
    expect(node).toMatchObject({ state: 'hold', holdExpiration: 3600, tenantName: 'acme', requestor: 'nodepool-cli' });
    expect(node.comment).toMatch(/^trying \(\w+@/);
    expect(await requests()).toBe(0);
    const released = await run('release', node.allocatedTo!);
    expect(released).toMatchObject({ status: 0, stderr: '' });
    expect(ids(released.stdout).sort()).toEqual(ids(stdout).sort());
    for (const it of ids(stdout)) await untilNodeGone(peer.store, it);
  });

  test('request without --wait says its id; release takes it back with its nodes', async () => {
    await fleet.launcher(configText());
    const args = ['request', 'small', '--priority', 'high', '--provider', 'fake-east', '--new'];
    const { status, stdout, stderr } = await run(...args);
    expect(status).toBe(0);
    const id = stdout.trim();
    expect(stderr).toMatch(
      new RegExp(`: +nodepool -c ${file} explain ${id}\n.*: +nodepool -c ${file} release ${id}\n$`),
    );
    expect(id).toMatch(/^100-\d{10}$/);
    const { nodes, provider, reuse } = await untilRequest(peer.store, id, (it) => it.state === 'fulfilled');
    expect({ provider, reuse }).toEqual({ provider: 'fake-east', reuse: false });
    expect((await run('release', id)).stdout).toMatch(new RegExp(`^Request ${id} taken back\n`));
    await untilNodeGone(peer.store, nodes[0]!);
    expect(await requests()).toBe(0);
  });

  test('while it waits it says what for, and an interrupted one is taken back', async () => {
    await fleet.launcher(configText({ maxServers: 1 }));
    const held = await run('request', 'small', '--wait');
    const waiting = start('request', 'small', '--wait');
    await waiting.says(/00:0\d:\d\d {2}fake-east main: waiting, no-room: instances/);
    expect(await requests()).toBe(1);
    waiting.interrupt();
    expect((await waiting.done).status).toBe(130);
    await until(peer.store.requests.view(), () => peer.store.requests.view().requests.size === 0);
    await run('release', ...ids(held.stdout));
    await untilNodeGone(peer.store, ids(held.stdout)[0]!);
  });

  test('a request that nobody can serve fails with what the pools say', async () => {
    await fleet.launcher(configText());
    const { status, stderr } = await run('request', 'nothing', '--provider', 'nowhere', '--wait');
    expect(status).toBe(1);
    expect(stderr).toContain('no launcher offers nothing (offered: small)\n');
    expect(stderr).toContain('no launcher has provider nowhere: any may serve it (there are: fake-east)\n');
    expect(stderr).toMatch(/nodepool: error: request 200-\d{10} failed: fake-east main: declined.*nothing/);
    expect(await requests()).toBe(0);
  });

  test('release takes nothing that is in use, nothing of a scheduler unless forced, and nothing that nobody has', async () => {
    await fleet.launcher(configText({ minReady: { small: 1 } }));
    const free = await untilFree();
    expect((await run('release', free.id)).stdout).toContain('there is nothing to give back');
    const request = await peer.scheduler.submit({ labels: ['small'] });
    const { nodes } = await untilRequest(peer.store, request.id, (it) => it.state === 'fulfilled');
    for (const it of [request.id, nodes[0]!]) {
      const refused = await run('release', it);
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toMatch(/is of zuul; --force takes it away/);
    }
    const set = await peer.scheduler.accept(request, new AbortController().signal);
    await set.use();
    const locked = await run('release', String(Number(nodes[0])));
    expect(locked.status).toBe(1);
    expect(locked.stderr).toMatch(/is locked by somebody else/);
    await set.release();
    const other = await peer.scheduler.submit({ labels: ['small'] });
    await untilRequest(peer.store, other.id, (it) => it.state === 'fulfilled');
    expect((await run('release', '--force', other.id)).status).toBe(0);
    expect(await run('release', '200-9999', '9999')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'nodepool: error: Request id 200-0000009999 not found\nnodepool: error: Node id 9999 not found\n',
    });
  });

  test('label-list says what launchers offer, and with --detail who', async () => {
    await fleet.launcher(configText({ labels: ['small', 'large'], minReady: { small: 1 } }));
    await untilFree();
    const plain = await run('label-list');
    expect(plain.stdout).toBe('+-------+\n| Label |\n+-------+\n| large |\n| small |\n+-------+\n');
    const rows = JSON.parse((await run('label-list', '--detail', '--format', 'json')).stdout) as unknown;
    expect(rows).toEqual([
      { label: 'large', pools: ['fake-east/main'], nodes: 0, ready: 0, in_use: 0 },
      { label: 'small', pools: ['fake-east/main'], nodes: 1, ready: 1, in_use: 0 },
    ]);
  });

  test('--watch shows a list again when something happens, as lines of JSON where no terminal is', async () => {
    await fleet.launcher(configText());
    const watching = start('list', '--watch', '--format', 'json', '--fields', 'state,age');
    await watching.says(/^\[\]\n/);
    const { stdout } = await run('request', 'small', '--wait');
    await watching.says(/\[\{"state": "hold", "age": [\d.]+\}\]\n/);
    await run('release', ...ids(stdout));
    await watching.says(/hold[^]*\[\]\n$/);
    watching.interrupt();
    const { status, stdout: lines } = await watching.done;
    expect(status).toBe(0);
    for (const it of lines.trim().split('\n')) expect(Array.isArray(JSON.parse(it))).toBe(true);
  });

  test('job-list --watch follows a part of the tree that is ours alone, and tables come with a line between', async () => {
    const watching = start('job-list', '--watch');
    await watching.says(/Hold on Failure/);
    const created = await run('job-create', 'unit', '--hold-on-failure', '2');
    expect(created.stdout).toContain('| 0000000000 | unit | 2               |');
    await watching.says(/\n\n\+-[^]*\| 0000000000 \| unit/);
    watching.interrupt();
    await watching.done;
    expect((await run('job-create', 'other')).stdout).toContain('| 0000000001 | other | 0               |');
    expect((await run('job-delete', '7')).stdout).toBe('Job 7 not found.\n');
    expect(await run('job-delete', '0')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('top prints the overview once where no terminal is', async () => {
    await fleet.launcher(configText({ minReady: { small: 1 } }));
    await untilNode(peer.store, '0000000000', (it) => it.state === 'ready');
    const { status, stdout } = await run('top', '--once');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Nodes 1\n {2}PROVIDER +READY +ALL\n {2}fake-east +1 +1\n/);
    expect(stdout).toMatch(/Launchers 1: nl01 running\n/);
  });

  describeWith(['ssh'], 'ssh', () => {
    let machine: SshMachine;
    beforeEach(async () => {
      machine = await SshMachine.start([ed25519Key()]);
    });
    afterEach(() => machine.stop());

    async function nodeAt(change: { readonly hostKeys: readonly string[] }): Promise<string> {
      await fleet.launcher(configText({ minReady: { small: 1 } }));
      const id = '0000000000';
      await untilNode(peer.store, id, (it, locked) => it.state === 'ready' && !locked);
      const claim = await peer.store.nodes.claim(id, new AbortController().signal, 5000);
      await claim!.write({ ...change, interfaceIp: '127.0.0.1', connectionPort: machine.port, username: 'ci' });
      await claim!.release();
      return id;
    }

    /** As a process, since ssh has its terminal. */
    async function ssh(args: readonly string[], env: Record<string, string> = {}) {
      const program = join(__dirname, '../../support/child-program.js');
      const child = spawn(process.execPath, [program, 'cli', '-c', file, 'ssh', ...args], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let text = '';
      for (const it of [child.stdout, child.stderr]) it.on('data', (data) => (text += String(data)));
      const [code] = (await once(child, 'close')) as [number];
      return { code, text };
    }

    test('hands ssh what the record says, and ends as it ends', async () => {
      const id = await nodeAt({ hostKeys: machine.lines });
      const bin = join(files.folder, 'bin');
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, 'ssh'), '#!/bin/sh\necho "$@"\ncat "${2#UserKnownHostsFile=}"\nexit 7\n');
      chmodSync(join(bin, 'ssh'), 0o755);
      const { code, text } = await ssh([String(Number(id)), '--', 'ls', '-l'], {
        PATH: `${bin}:${process.env['PATH']}`,
      });
      expect(code).toBe(7);
      expect(text).toContain(
        `-p ${machine.port} -l ci 127.0.0.1 -- ls -l\n[127.0.0.1]:${machine.port} ${machine.lines[0]}\n`,
      );
      const claim = await peer.store.nodes.claim(id, new AbortController().signal, 5000);
      await claim!.write({ hostKeys: [] });
      await claim!.release();
      const env = { PATH: `${bin}:${process.env['PATH']}` };
      const refused = await ssh([id], env);
      expect(refused.code).toBe(1);
      expect(refused.text).toMatch(/no host keys on record/);
      const forced = await ssh([id, '--insecure', '--user', 'root', '--identity', 'my-key'], env);
      expect(forced.code).toBe(7);
      expect(forced.text).toMatch(/StrictHostKeyChecking=no .* -i my-key -l root 127\.0\.0\.1\n/);
    });

    test('the real ssh trusts the keys of the record and no others', async () => {
      const id = await nodeAt({ hostKeys: machine.lines });
      const right = await ssh([id, '--', 'true']);
      expect(right.code).toBe(255);
      expect(right.text).toMatch(/ci@127\.0\.0\.1: Permission denied/); // the machine is right, and lets nobody in
      const claim = await peer.store.nodes.claim(id, new AbortController().signal, 5000);
      await claim!.write({ hostKeys: [ed25519Key().line] });
      await claim!.release();
      const wrong = await ssh([id, '--', 'true']);
      expect(wrong.code).toBe(255);
      expect(wrong.text).toMatch(/Host key verification failed/);
    });

    test('says why a node cannot be reached', async () => {
      const { status, stderr } = await run('ssh', '12');
      expect({ status, stderr }).toEqual({ status: 1, stderr: 'nodepool: error: Node id 12 not found\n' });
    });
  });
});
