import type { MachineRecord } from './machine-record';

/** Files of one machine, relative to its folder, in which QEMU is started: the process list shows no paths of the host. */
export const MACHINE_FILES = {
  record: 'machine.json',
  disk: 'disk.qcow2',
  console: 'console.log',
  stderr: 'qemu.log',
  qmp: 'qmp.sock',
} as const;

export interface HostOptions {
  /** As chosen by the probe: `tcg`, `kvm`, with options. */
  readonly accel: string;
  readonly machine: string;
  readonly cpu: string;
  readonly bindAddress: string;
  readonly restrictNetwork: boolean;
}

/** What an emulated machine sets aside for translated code, MiB; QEMU's own default is 1024 for each machine. */
const TRANSLATION_CACHE_MIB = 128;

/** The arguments of `qemu-system-x86_64` for one machine. */
export function qemuArguments(record: MachineRecord, host: HostOptions): string[] {
  const restrict = host.restrictNetwork ? 'on' : 'off';
  const forward = `hostfwd=tcp:${host.bindAddress}:${record.port}-:${record.guestPort}`;
  return [
    ...['-name', record.name, '-uuid', record.uuid],
    ...machineArguments(host),
    ...['-smp', String(record.resources['cores']), '-m', String(record.resources['ram'])],
    ...['-drive', `file=${MACHINE_FILES.disk},if=virtio,format=qcow2,discard=unmap,detect-zeroes=unmap`],
    ...['-netdev', `user,id=net,restrict=${restrict},${forward}`],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-device', 'virtio-rng-pci'], // entropy for host keys made at the first boot
    ...['-serial', `file:${MACHINE_FILES.console}`],
    ...['-qmp', `unix:${MACHINE_FILES.qmp},server=on,wait=off`],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
  ];
}

/** What a machine and the probe have in common: nothing but what is asked for. */
export function machineArguments(host: Pick<HostOptions, 'accel' | 'machine' | 'cpu'>): string[] {
  return [
    ...['-M', host.machine, '-accel', acceleratorOption(host.accel), '-cpu', host.cpu],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
  ];
}

function acceleratorOption(accel: string): string {
  const emulated = accel.split(',')[0] === 'tcg';
  return emulated && !accel.includes('tb-size=') ? `${accel},tb-size=${TRANSLATION_CACHE_MIB}` : accel;
}
