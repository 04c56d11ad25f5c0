import { type HostOptions, qemuArguments } from '../../../../src/drivers/qemu/command-line';
import { isMachineCommand } from '../../../../src/drivers/qemu/process-identity';
import type { MachineRecord } from '../../../../src/drivers/qemu/machine-record';

const record: MachineRecord = {
  version: 1,
  name: 'np0000000042',
  uuid: '6d1b0f0e-9f3c-4c55-8d4e-5f1f1f3f9d10',
  phase: 'reserved',
  createdTime: 1_700_000_000,
  port: 22_017,
  guestPort: 22,
  image: { path: '/srv/images/1/image', format: 'qcow2' },
  resources: { cores: 2, ram: 512, instances: 1 },
  metadata: { nodepool_node_id: '0000000042' },
};
const host: HostOptions = {
  accel: 'tcg',
  machine: 'q35',
  cpu: 'max',
  bindAddress: '127.0.0.1',
  restrictNetwork: true,
};
const valueOf = (option: string, changes: Partial<HostOptions> = {}) => {
  const argv = qemuArguments(record, { ...host, ...changes });
  return argv[argv.indexOf(option) + 1];
};

test('a machine is told its size, its port and nothing of the host', () => {
  expect(valueOf('-smp')).toBe('2');
  expect(valueOf('-m')).toBe('512');
  expect(valueOf('-netdev')).toBe('user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:22017-:22');
  expect(valueOf('-drive')).toMatch(/^file=disk\.qcow2,if=virtio,format=qcow2/);
  expect(qemuArguments(record, host).join(' ')).not.toContain('/srv');
  expect(qemuArguments(record, host)).toContain('-nodefaults');
});

test('the network is open only when asked for', () => {
  expect(valueOf('-netdev', { restrictNetwork: false })).toContain('restrict=off');
});

test.each([
  ['tcg', 'tcg,tb-size=128'],
  ['tcg,tb-size=32', 'tcg,tb-size=32'],
  ['tcg,thread=single', 'tcg,thread=single,tb-size=128'],
  ['kvm', 'kvm'],
])('-accel %s is given as %s', (accel, expected) => {
  expect(valueOf('-accel', { accel })).toBe(expected);
});

test.each([
  ['its own', record.name, record.uuid, true],
  ['another name', 'np0000000041', record.uuid, false],
  ['a beginning of the name', 'np000000004', record.uuid, false],
  ['another uuid', record.name, '00000000-0000-4000-8000-000000000000', false],
])('a command line is recognised: %s', (_title, name, uuid, expected) => {
  expect(isMachineCommand(['qemu-system-x86_64', ...qemuArguments(record, host)], name, uuid)).toBe(expected);
});

test('a program that merely mentions a machine is not it', () => {
  expect(isMachineCommand(['grep', record.name, record.uuid], record.name, record.uuid)).toBe(false);
  expect(isMachineCommand([''], record.name, record.uuid)).toBe(false);
});
