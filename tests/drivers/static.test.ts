import { getEventListeners } from 'node:events';
import type { LaunchSpec, Provider } from '../../src/drivers/driver';
import { DriverError, LaunchFailedError, NotFoundError, RefusedError } from '../../src/drivers/errors';
import { openProvider } from '../../src/drivers/open-provider';
import { driverOf } from '../../src/drivers/registry';
import { staticSchema } from '../../src/drivers/static/schema';
import { driverTools } from '../support/fake-cloud';
import { poolConfig, poolLabelConfig, providerConfig } from '../support/provider-config';
import { ed25519Key, rsaKey, SshMachine } from '../support/ssh-machine';

/*
 * The suite of `conformance.ts` is about launching. Of its promises those that a driver without launches can keep are
 * tried here, and those of `StandingMachines` on real SSH servers.
 */

const never = new AbortController().signal;
const keys = [ed25519Key(), rsaKey()];

function connect(machine: SshMachine, entry: object = {}): Provider {
  const nodes = [{ name: '127.0.0.1', labels: ['metal'], timeout: 20, 'connection-port': machine.port, ...entry }];
  const section = staticSchema.parse({ name: 'racks', driver: 'static', pools: [{ name: 'main', nodes }] });
  const pool = poolConfig({ provider: 'racks', section: section.pools[0]! });
  const config = providerConfig({ name: 'racks', driver: 'static', section, pools: new Map([['main', pool]]) });
  expect(driverOf(config).managesImages).toBe(false);
  return openProvider(config, driverTools());
}

describe('driver static', () => {
  let machine: SshMachine;
  let provider: Provider;
  beforeEach(async () => {
    machine = await SshMachine.start(keys);
    provider = connect(machine, { 'host-key': machine.lines });
  });
  afterEach(async () => {
    await provider.close();
    await machine.stop();
  });
  const check = (by = provider, signal = never) => by.standing!.check(by.standing!.machines[0]!, signal);
  const reach = (by = provider, signal = never) => by.standing!.reach(by.standing!.machines[0]!, signal);

  test('launches nothing', async () => {
    const spec: LaunchSpec = { name: 'np0000000001', label: poolLabelConfig(), pool: poolConfig(), metadata: {} };
    await expect(provider.launch(spec, never)).rejects.toBeInstanceOf(RefusedError);
    expect(await provider.list(never)).toEqual([]);
  });

  test('has nothing that could be destroyed or waited for', async () => {
    await expect(provider.destroy('127.0.0.1', never)).rejects.toBeInstanceOf(NotFoundError);
    await expect(provider.destroy({ some: 'object' }, never)).rejects.toBeInstanceOf(NotFoundError);
    await expect(provider.settled('127.0.0.1', never)).rejects.toBeInstanceOf(NotFoundError);
    expect(machine.connections).toBe(0);
  });

  test('has no limits, no zones, no images, and needs one instance for a node (drivers.md 2)', async () => {
    expect(await provider.quota(never)).toEqual({ limits: {} });
    expect(await provider.zones(never)).toEqual([]);
    expect(provider.images).toBeUndefined();
    expect(await provider.need(poolLabelConfig(), never)).toEqual({ instances: 1, cores: 0, ram: 0 });
  });

  test('finds the keys of a machine, and its address', async () => {
    expect(await check()).toEqual({ hostKeys: machine.lines, publicIpv4: '127.0.0.1', publicIpv6: null });
    await reach();
  });

  test('refuses a machine with another key', async () => {
    await machine.stop();
    machine.keys = [ed25519Key()];
    await machine.start();
    await expect(check()).rejects.toBeInstanceOf(RefusedError);
    await reach();
  });

  test('a machine that is off fails in its time', async () => {
    await machine.stop();
    const other = connect(machine, { timeout: 1 });
    await expect(check(other)).rejects.toBeInstanceOf(LaunchFailedError);
    await expect(reach(other)).rejects.toBeInstanceOf(DriverError);
    await other.close();
  });

  test('takes a port that answers for enough where the machine has no SSH', async () => {
    await machine.stop();
    machine.keys = [];
    await machine.start();
    const other = connect(machine, { 'connection-type': 'winrm' });
    expect((await check(other)).hostKeys).toEqual([]);
    await other.close();
  });

  test('never contacts a machine that is not to be checked', async () => {
    const other = connect(machine, { 'host-key-checking': false, 'host-key': 'ssh-rsa AAAA' });
    expect((await check(other)).hostKeys).toEqual(['ssh-rsa AAAA']);
    await reach(other);
    await other.close();
    expect(machine.connections).toBe(0);
  });

  test("stops with the caller's reason, and leaves no listener on its signal", async () => {
    await machine.stop();
    machine.keys = []; // takes the connection and says nothing
    await machine.start();
    const stop = new AbortController();
    const checking = check(provider, stop.signal);
    stop.abort(new Error('enough'));
    await expect(checking).rejects.toThrow('enough');
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    await expect(check(provider, stop.signal)).rejects.toThrow('enough');
  });

  test('closing ends what is under way, and is idempotent', async () => {
    await machine.stop();
    machine.keys = [];
    await machine.start();
    const checking = check();
    checking.catch(() => undefined);
    await Promise.all([provider.close(), provider.close()]);
    await expect(checking).rejects.toThrow('provider is closed');
    await expect(provider.list(never)).rejects.toThrow('provider is closed');
  });
});
