import { HoldJobs } from '../../../src/store/hold-jobs';
import { silentLogger } from '../../../src/runtime/log';
import { systemClock } from '../../../src/runtime/clock';
import { systemRandom } from '../../../src/runtime/random';
import { nodepool } from '../cli/run-cli';
import { Fleet, type Peer, configText, until, untilRequest } from './fleet';

const never = new AbortController().signal;
const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

interface Line {
  readonly status: string;
  readonly reason: string;
  readonly detail: string | null;
}

describe('operators ask launchers and tell them what to do', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(() => fleet.reset());
  afterAll(() => fleet.stop());

  const cli = (...args: string[]) => {
    const [host = '', port = ''] = fleet.server.hosts.split(':');
    const file = fleet.writeConfig('cli', `zookeeper-servers: [{host: ${host}, port: ${port}}]\n`);
    return nodepool(['-c', file, ...args]);
  };
  const explain = async (id: string) =>
    (JSON.parse((await cli('explain', id, '--format', 'json')).stdout) as Line[]).map((it) => [
      it.status,
      it.reason,
      it.detail,
    ]);
  async function inUse(peer: Peer) {
    const request = await peer.scheduler.submit({ labels: ['small'] });
    await peer.scheduler.await(request, never);
    const set = await peer.scheduler.accept(request, never);
    await set.use();
    return set;
  }

  test('explain: why requests wait or are declined, and what becomes of unknown ones', async () => {
    const peer = await fleet.peer();
    await fleet.launcher(configText({ maxServers: 1 }));
    const set = await inUse(peer);
    const first = await peer.scheduler.submit({ labels: ['small'], priority: 'high' });
    await untilRequest(peer.store, first.id, (it) => it.state === 'pending');
    const pools = peer.store.components.view();
    await until(pools, () => [...pools.pools.values()].some((it) => it.component.paused));
    const second = await peer.scheduler.submit({ labels: ['small'] });
    await peer.store.requests.view().settled();
    expect(await explain(first.id)).toEqual([['waiting', 'no-room', 'instances']]);
    expect(await explain(second.id)).toEqual([['waiting', 'pool-is-paused', first.id]]);
    const tooLarge = await peer.scheduler.submit({ labels: ['small', 'small'] });
    expect((await peer.scheduler.await(tooLarge, never)).state).toBe('failed');
    expect(await explain(tooLarge.id)).toEqual([['declined', 'declined', 'it would exceed quota: instances']]);
    expect(await cli('explain', '200-nothing')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'nodepool: error: Request id 200-nothing not found\n',
    });
    await peer.zk.create('/nodepool/requests/200-0000009999', Buffer.from('{"state": "requested", "node_types": 5}'));
    expect(await cli('explain', '200-0000009999')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'nodepool: error: request 200-0000009999 cannot be read: node_types is not a list of strings\n',
    });
    expect((await peer.zk.children('/nodepool/explain')).children).toEqual([]);
    await set.release();
    expect((await peer.scheduler.await(first, never)).state).toBe('fulfilled');
  });

  test('drain: a launcher finishes by order, and its letter box goes with it', async () => {
    const peer = await fleet.peer();
    const launcher = await fleet.launcher(configText());
    const launchers = peer.store.components.view();
    await until(launchers, () => launchers.launchers.size === 1);
    const [name = ''] = launchers.launchers.keys();
    await until(launchers, () => launchers.pools.size === 1);
    expect(await cli('drain', 'nobody')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/\(there are: \S+\)\n$/),
    });
    const told = await cli('drain', name);
    expect(told).toEqual({ status: 0, stdout: `Launcher ${name} finishes what it has and ends\n`, stderr: '' });
    await launcher.ended;
    await until(launchers, () => launchers.launchers.size === 0 && launchers.pools.size === 0);
    expect((await peer.zk.children('/nodepool/drain')).children).toEqual([]);
    expect(await cli('drain', 'nobody')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'nodepool: error: Launcher nobody not found: no launcher is running\n',
    });
  });

  test('jobs: exactly as many nodes are held as asked for, with several schedulers', async () => {
    const peers = await Promise.all([1, 2, 3, 4].map(() => fleet.peer()));
    await fleet.launcher(configText());
    const created = await cli('job-create', 'unit', '--hold-on-failure', '2');
    expect(created.stdout).toMatch(/unit/);
    const sets = await Promise.all(peers.map((it) => inUse(it)));
    await Promise.all(sets.map((it) => it.release({ result: 'failure', job: 'unit' })));
    const { store, zk } = peers[0]!;
    const held = [...(await store.nodes.read()).values()].filter((it) => it.record?.state === 'hold');
    expect(held.map((it) => [it.record?.comment, it.record?.holdJob])).toEqual(
      [1, 2].map(() => ['Automatically held after failing unit', 'unit']),
    );
    const jobs = new HoldJobs({ zk, ...tools });
    const [job] = await jobs.list();
    expect(new Set(job?.held)).toEqual(new Set(held.map((it) => it.id)));
    await cli('delete', held[0]!.id);
    const again = await inUse(peers[0]!);
    await again.release({ result: 'failure', job: 'unit' });
    expect((await store.nodes.get(again.nodes[0]!.id))?.record.state).toBe('hold');
    const fine = await inUse(peers[0]!);
    await fine.release({ result: 'success', job: 'unit' });
    expect((await store.nodes.get(fine.nodes[0]!.id))?.record.state).not.toBe('hold');
    expect((await cli('job-delete', '7')).stdout).toBe('Job 7 not found.\n');
    expect((await cli('job-delete', job!.id)).stdout).toBe('');
    expect(await jobs.list()).toEqual([]);
  });
});
