import { once } from 'node:events';
import type { StandingMachine } from '../../../../src/config/standing-machine';
import { LaunchFailedError, RefusedError } from '../../../../src/drivers/errors';
import { checkMachine, type MachineProbe, reachMachine } from '../../../../src/drivers/static/check-machine';
import type { ScanTarget } from '../../../../src/runtime/host-keys';
import { FakeClock } from '../../../support/fake-clock';
import { standingMachine } from '../../../support/standing-machine';

const never = new AbortController().signal;
const KEYS = ['ssh-ed25519 AAAA', 'ssh-rsa BBBB'];

const machine = (changes: Partial<StandingMachine> = {}) => standingMachine({ connectionPort: 2222, ...changes });

/** A machine's network, which writes down what it is asked. */
class Network implements MachineProbe {
  readonly scans: ScanTarget[] = [];
  address = '192.0.2.7';
  fail: ScanTarget['kind'] | 'name' | undefined;

  resolve = () => (this.fail === 'name' ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve(this.address));
  scan = (target: ScanTarget) => {
    this.scans.push(target);
    if (this.fail === target.kind) return Promise.reject(new Error('ECONNREFUSED'));
    return Promise.resolve(target.kind === 'ssh' ? KEYS : []);
  };
}

const check = (it: StandingMachine, probe: MachineProbe) =>
  checkMachine(it, { provider: 'racks', probe, clock: new FakeClock() }, never);

test('first the port in the time of the machine, then the keys, all at one address', async () => {
  const network = new Network();
  expect(await check(machine({ timeoutMs: 3000 }), network)).toEqual({
    hostKeys: KEYS,
    publicIpv4: '192.0.2.7',
    publicIpv6: null,
  });
  expect(network.scans).toEqual([
    { host: '192.0.2.7', port: 2222, kind: 'tcp', timeoutMs: 3000 },
    { host: '192.0.2.7', port: 2222, kind: 'ssh', timeoutMs: 63_000 },
  ]);
});

test.each<[string, Partial<StandingMachine>, readonly string[], readonly string[]]>([
  ['network_cli', { connectionType: 'network_cli' }, ['tcp', 'ssh'], KEYS],
  ['winrm', { connectionType: 'winrm' }, ['tcp'], []],
  ['no checking', { isChecked: false, hostKeys: ['ssh-rsa C'] }, [], ['ssh-rsa C']],
  ['no checking, winrm', { isChecked: false, connectionType: 'winrm' }, [], []],
  ['the configured keys are among those found', { hostKeys: [KEYS[1]!] }, ['tcp', 'ssh'], KEYS],
])('%s', async (_title, changes, scans, hostKeys) => {
  const network = new Network();
  expect((await check(machine(changes), network)).hostKeys).toEqual(hostKeys);
  expect(network.scans.map((it) => it.kind)).toEqual(scans);
});

test('an IPv6 address is told as such', async () => {
  const network = new Network();
  network.address = '2001:db8::7';
  expect(await check(machine({ isChecked: false }), network)).toMatchObject({
    publicIpv4: null,
    publicIpv6: '2001:db8::7',
  });
});

test('all configured keys are needed; the message names kinds, not keys', async () => {
  const found = check(machine({ hostKeys: [KEYS[0]!, 'ssh-rsa OTHER'] }), new Network());
  await expect(found).rejects.toBeInstanceOf(RefusedError);
  await expect(found).rejects.toMatchObject({
    reason: 'machine does not have the configured host key (ssh-rsa)',
    provider: 'racks',
  });
});

test.each(['name', 'tcp', 'ssh'] as const)('a failure of %s is the failure of the machine', async (fail) => {
  const network = new Network();
  network.fail = fail;
  const failed = check(machine(), network);
  await expect(failed).rejects.toBeInstanceOf(LaunchFailedError);
  await expect(failed).rejects.toMatchObject({ reason: 'machine does not answer', cause: expect.any(Error) as Error });
});

test('a resolver that does not answer is not waited for longer than the machine', async () => {
  const clock = new FakeClock();
  const probe: MachineProbe = { resolve: () => new Promise(() => undefined), scan: () => Promise.resolve([]) };
  const failed = checkMachine(machine(), { provider: 'racks', probe, clock }, never);
  const outcome = expect(failed).rejects.toBeInstanceOf(LaunchFailedError);
  await clock.advance(5000);
  await outcome;
});

test("the caller's signal is no failure of the machine", async () => {
  const stop = new AbortController();
  const begun = new AbortController();
  const probe: MachineProbe = {
    resolve: () => Promise.resolve('192.0.2.7'),
    scan: (_target, signal) => {
      begun.abort();
      return once(signal, 'abort').then(() => Promise.reject(new Error('socket closed')));
    },
  };
  const reached = reachMachine(machine(), 'racks', probe, stop.signal);
  stop.abort(new Error('enough'));
  await expect(reached).rejects.toThrow('enough');
  expect(begun.signal.aborted).toBe(true);
});

test('before a machine is handed out only its port is tried, and not even that without checking', async () => {
  const network = new Network();
  await reachMachine(machine(), 'racks', network, never);
  await reachMachine(machine({ isChecked: false }), 'racks', network, never);
  expect(network.scans).toEqual([{ host: 'rack1', port: 2222, kind: 'tcp', timeoutMs: 5000 }]);
});
