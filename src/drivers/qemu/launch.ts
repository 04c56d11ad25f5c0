import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Resources } from '../../model/records';
import { wallSeconds } from '../../runtime/clock';
import { uuid4 } from '../../runtime/random';
import type { DriverTools } from '../driver';
import { LaunchFailedError, NoCapacityError, RefusedError } from '../errors';
import { shortage } from './capacity';
import { type HostOptions, MACHINE_FILES, qemuArguments } from './command-line';
import type { BootImage } from './images';
import type { MachineRecord } from './machine-record';
import { lastWords, liveProcess, machineHealth, startProcess } from './machine-process';
import type { MachineStore } from './machine-store';
import { canBind, freePort } from './ports';
import { runTool } from './run-tool';

/** What one machine is to be. */
export interface MachineWish {
  readonly name: string;
  readonly image: BootImage;
  readonly diskGib: number | undefined;
  readonly guestPort: number;
  readonly resources: Resources;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface LaunchSite {
  readonly provider: string;
  readonly store: MachineStore;
  readonly qemu: string;
  readonly host: HostOptions;
  readonly limits: Resources;
  readonly portRange: readonly [number, number];
  readonly tools: DriverTools;
}

/** Another program may take a port between our look and QEMU's. */
const PORT_ATTEMPTS = 5;
const STARTED_WITHIN_MS = 10_000;
const POLL_MS = 50;

/**
 * Makes the machine, or finishes one that was `begun` by somebody who died half way. The machine's lock must be held. What
 * fails after the reservation gives it back.
 */
export async function launchMachine(
  site: LaunchSite,
  wish: MachineWish,
  begun: MachineRecord | undefined,
  signal: AbortSignal,
): Promise<MachineRecord> {
  const reserved = begun ?? (await reserve(site, wish, signal));
  try {
    return await start(site, reserved, signal);
  } catch (error) {
    await giveBack(site, reserved);
    throw error;
  }
}

/** Unless its process lives: then the machine exists, and stays for the next launch, or for whoever looks for leaks. */
async function giveBack(site: LaunchSite, reserved: MachineRecord): Promise<void> {
  const record = (await site.store.read(reserved.name)) ?? reserved;
  if ((await liveProcess(record)) === undefined) await site.store.remove(reserved.name);
}

/** Counts and writes under one lock, so that no two programs take the last place. */
async function reserve(site: LaunchSite, wish: MachineWish, signal: AbortSignal): Promise<MachineRecord> {
  const never = shortage(site.limits, [], wish.resources);
  if (never !== undefined) throw new RefusedError(site.provider, `machine needs more ${never} than the host has`);
  return site.store.withStore(signal, async () => {
    const all = await site.store.records();
    const used = all.map((it) => it.resources);
    const missing = shortage(site.limits, used, wish.resources);
    if (missing !== undefined) throw new NoCapacityError(site.provider, missing);
    const record: MachineRecord = {
      version: 1,
      name: wish.name,
      uuid: uuid4(site.tools.random),
      phase: 'reserved',
      createdTime: wallSeconds(site.tools.clock),
      port: await pickPort(site, all),
      guestPort: wish.guestPort,
      image: wish.image,
      ...(wish.diskGib === undefined ? {} : { diskGib: wish.diskGib }),
      resources: { ...wish.resources },
      metadata: { ...wish.metadata },
    };
    await site.store.write(record);
    return record;
  });
}

async function pickPort(site: LaunchSite, all: readonly MachineRecord[]): Promise<number> {
  const taken = new Set(all.map((it) => it.port));
  const bindable = (port: number) => canBind(site.host.bindAddress, port);
  const port = await freePort(site.portRange, taken, bindable, site.tools.random);
  if (port === undefined) throw new NoCapacityError(site.provider, 'ports');
  return port;
}

async function start(site: LaunchSite, reserved: MachineRecord, signal: AbortSignal): Promise<MachineRecord> {
  const running = await liveProcess(reserved);
  if (running !== undefined) return note(site, { ...reserved, phase: 'started', process: running });
  await makeDisk(site, reserved, signal);
  let record = reserved;
  for (let attempt = 1; ; attempt += 1) {
    record = await startOnce(site, record, signal);
    if (attempt === PORT_ATTEMPTS || !(await lostItsPort(site, record))) return record;
    record = await moveToAnotherPort(site, record, signal);
  }
}

/** The disk holds what differs from the image, which stays as it is. */
async function makeDisk(site: LaunchSite, record: MachineRecord, signal: AbortSignal): Promise<void> {
  const folder = site.store.folderOf(record.name);
  const disk = join(folder, MACHINE_FILES.disk);
  await rm(disk, { force: true });
  const argv = ['create', '-q', '-f', 'qcow2', '-F', record.image.format, '-b', record.image.path, disk];
  await qemuImg(site, argv, signal);
  if (record.diskGib !== undefined) await growDisk(site, disk, record.diskGib, signal);
}

/** Never shrinks: that would cut off the end of the file system. */
async function growDisk(site: LaunchSite, disk: string, gib: number, signal: AbortSignal): Promise<void> {
  const info = JSON.parse(await qemuImg(site, ['info', '--output=json', disk], signal)) as Record<string, unknown>;
  if (Number(info['virtual-size']) < gib * 2 ** 30) await qemuImg(site, ['resize', '-q', disk, `${gib}G`], signal);
}

async function qemuImg(site: LaunchSite, argv: readonly string[], signal: AbortSignal): Promise<string> {
  const result = await runTool('qemu-img', argv, site.tools.env, signal);
  if (result.status !== 0) throw new LaunchFailedError(site.provider, result.stderr.trim());
  return result.stdout;
}

/** Starts the process and waits until it has its port or has ended. */
async function startOnce(site: LaunchSite, record: MachineRecord, signal: AbortSignal): Promise<MachineRecord> {
  const { clock } = site.tools;
  const folder = site.store.folderOf(record.name);
  const identity = await startProcess(site.qemu, qemuArguments(record, site.host), folder, site.tools);
  const started = await note(site, { ...record, phase: 'started', process: identity });
  const end = clock.monotonic() + STARTED_WITHIN_MS;
  while (clock.monotonic() < end) {
    if ((await machineHealth(started, folder, site.tools, signal)).state !== 'starting') break;
    await clock.sleep(POLL_MS, signal);
  }
  return started;
}

async function lostItsPort(site: LaunchSite, record: MachineRecord): Promise<boolean> {
  if ((await liveProcess(record)) !== undefined) return false;
  return /host forwarding rule/.test(await lastWords(site.store.folderOf(record.name)));
}

function moveToAnotherPort(site: LaunchSite, record: MachineRecord, signal: AbortSignal): Promise<MachineRecord> {
  return site.store.withStore(signal, async () => {
    const port = await pickPort(site, await site.store.records());
    return note(site, { ...record, phase: 'reserved', process: undefined, port });
  });
}

async function note(site: LaunchSite, record: MachineRecord): Promise<MachineRecord> {
  await site.store.write(record);
  return record;
}
