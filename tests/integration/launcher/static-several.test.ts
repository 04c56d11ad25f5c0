import { systemRandom } from '../../../src/runtime/random';
import { ed25519Key, SshMachine } from '../../support/ssh-machine';
import { Fleet, type Peer, until } from './fleet';
import { LauncherProcess } from './launcher-process';
import { SlotGuard, staticText, untilStock } from './static-fleet';

const never = new AbortController().signal;

describe('several launchers with the same static machines', () => {
  let fleet: Fleet;
  let machines: SshMachine[];
  let processes: LauncherProcess[] = [];
  beforeAll(async () => {
    fleet = await Fleet.start();
    const keys = [ed25519Key()];
    machines = await Promise.all(Array.from({ length: 10 }, () => SshMachine.start(keys)));
  });
  afterEach(async () => {
    await Promise.all(processes.map((it) => it.kill()));
    processes = [];
    await fleet.reset();
  });
  afterAll(async () => {
    await Promise.all(machines.map((it) => it.stop()));
    await fleet.stop();
  });

  const config = (slots: number) => staticText(machines.map((machine) => ({ machine, slots })));
  const slotsOf = (slots: number) =>
    machines.flatMap(({ port }) => Array.from({ length: slots }, (_it, slot) => `${port}/${slot}`));
  const launcher = async (name: string, text: string) => {
    const it = await LauncherProcess.start(fleet, name, text);
    processes.push(it);
    return it;
  };
  const useOnce = async (peer: Peer, count: number) => {
    const request = await peer.scheduler.submit({ labels: Array.from({ length: count }, () => 'metal') });
    expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled' });
    const set = await peer.scheduler.accept(request, never);
    await set.use();
    const ports = set.nodes.map(({ record }) => `${String(record.connectionPort)}/${record.slot}`);
    await set.release();
    return ports;
  };

  test('three launchers register each slot once, and once again after each use', async () => {
    const peer = await fleet.peer();
    const guard = await SlotGuard.start(peer);
    await Promise.all([1, 2, 3].map(() => fleet.launcher(config(2))));
    const view = peer.store.nodes.view();
    await untilStock(view, slotsOf(2));
    expect(await guard.report()).toEqual({ made: 20, twice: [] });
    await Promise.all(Array.from({ length: 30 }, (_it, at) => useOnce(peer, 1 + (at % 3))));
    await untilStock(view, slotsOf(2));
    expect(await guard.report()).toEqual({ made: 20 + 60, twice: [] });
    await guard.stop();
  });

  test('one that is killed in the middle of registering leaves the rest to the next, and nothing twice', async () => {
    const peer = await fleet.peer();
    const guard = await SlotGuard.start(peer);
    const view = peer.store.nodes.view();
    const slots = 10;
    const text = config(slots);
    await launcher('one', text);
    const some = 1 + Math.floor(systemRandom.next() * 40);
    await until(view, () => view.nodes.size >= some);
    await processes[0]!.kill('SIGKILL');
    const left = view.nodes.size;
    await launcher('two', text);
    await untilStock(view, slotsOf(slots));
    expect({ some, left, ...(await guard.report()) }).toEqual({
      some,
      left,
      twice: [],
      made: 10 * slots,
    });
    await guard.stop();
  });

  test('one that is frozen past its session registers nothing afterwards', async () => {
    const peer = await fleet.peer();
    const guard = await SlotGuard.start(peer);
    const view = peer.store.nodes.view();
    const one = await launcher('one', config(1));
    await untilStock(view, slotsOf(1));
    one.freeze();
    const two = await launcher('two', config(1));
    const used = await useOnce(peer, 5);
    await untilStock(view, slotsOf(1));
    one.thaw();
    expect(await useOnce(peer, 10)).toHaveLength(10);
    await untilStock(view, slotsOf(1));
    await two.kill('SIGKILL');
    expect(await useOnce(peer, 3)).toHaveLength(3);
    await untilStock(view, slotsOf(1));
    expect(used).toHaveLength(5);
    expect(await guard.report()).toEqual({ made: 10 + 5 + 10 + 3, twice: [] });
    await guard.stop();
  });

  test('says which machines it cannot register, and why', async () => {
    const gone = await SshMachine.start([ed25519Key()]);
    await gone.stop();
    const other = ed25519Key().line;
    const it = await launcher(
      'one',
      staticText([
        { machine: gone, extra: 'timeout: 1' },
        { machine: machines[0]!, hostKeys: [other] },
      ]),
    );
    await it.untilPrinted('machine does not answer');
    await it.untilPrinted('machine does not have the configured host key (ssh-ed25519)');
    const refused = it.output.split('\n').find((line) => line.includes('ECONNREFUSED') && line.includes(' WARNING '));
    expect(refused).toContain(`port=${gone.port}`);
    expect(it.output).not.toContain(other.split(' ')[1]);
  });
});
