import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../runtime/clock';
import { withTimeLimit } from '../../runtime/time-limit';
import { MACHINE_FILES } from './command-line';
import type { MachineRecord } from './machine-record';
import { type ProcessIdentity, findMachineProcess, identify, runsMachine } from './process-identity';
import { machineStatus, withQmp } from './qmp';
import { ToolMissingError, cleanEnvironment } from './run-tool';

export interface ProcessTools {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a machine is doing. `starting`: it lives and does not report yet. */
export type MachineHealth =
  { readonly state: 'starting' | 'running' } | { readonly state: 'failed'; readonly fault: string };

/** Run states from which a machine does not come back by itself. */
const LOST_STATES = new Set(['guest-panicked', 'internal-error', 'io-error', 'shutdown']);
const QMP_TIMEOUT_MS = 5_000;
const POLL_MS = 50;
const KILL_TIMEOUT_MS = 10_000;

/**
 * Starts QEMU in a session of its own: it outlives us, and no signal to our group reaches it. Undefined if it ended
 * before it could be looked at.
 */
export async function startProcess(
  qemu: string,
  argv: readonly string[],
  folder: string,
  tools: ProcessTools,
): Promise<ProcessIdentity | undefined> {
  await rm(join(folder, MACHINE_FILES.qmp), { force: true });
  const stderr = await open(join(folder, MACHINE_FILES.stderr), 'w', 0o600);
  try {
    const child = spawn(qemu, argv, {
      cwd: folder,
      env: cleanEnvironment(tools.env),
      stdio: ['ignore', stderr.fd, stderr.fd],
      detached: true,
    });
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new ToolMissingError(qemu) : error;
    }
    child.unref();
    return await identify(child.pid!);
  } finally {
    await stderr.close();
  }
}

/** The machine's live process, whoever started it; undefined if there is none. */
export async function liveProcess(record: MachineRecord): Promise<ProcessIdentity | undefined> {
  if (record.process === undefined) return findMachineProcess(record.name, record.uuid);
  return (await runsMachine(record.process, record.name, record.uuid)) ? record.process : undefined;
}

/** Also one that was never noted, besides the one that was: its launcher died between fork and exec. */
async function anyProcess(record: MachineRecord): Promise<ProcessIdentity | undefined> {
  return (await liveProcess(record)) ?? findMachineProcess(record.name, record.uuid);
}

/** Whether the machine runs now, by its own account. */
export async function machineHealth(
  record: MachineRecord,
  folder: string,
  tools: ProcessTools,
  signal: AbortSignal,
): Promise<MachineHealth> {
  if ((await liveProcess(record)) === undefined) return { state: 'failed', fault: await lastWords(folder) };
  const status = await withinQmpTimeout(tools.clock, signal, (limited) => machineStatus(folder, limited));
  if (status === undefined) return { state: 'starting' };
  if (LOST_STATES.has(status)) return { state: 'failed', fault: `machine is in state ${status}` };
  return { state: status === 'running' ? 'running' : 'starting' };
}

/** What QEMU said last; it says nothing when a machine switched itself off. */
export async function lastWords(folder: string): Promise<string> {
  const text = await readFile(join(folder, MACHINE_FILES.stderr), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.trim().slice(-2_000) || 'machine is off';
}

/**
 * Ends the process: the power button, then `quit`, then SIGKILL, each with some time. Only ever signals the process that
 * runs this very machine. Returns whether it has ended.
 */
export async function stopProcess(
  record: MachineRecord,
  folder: string,
  graceMs: number,
  tools: ProcessTools,
  signal: AbortSignal,
): Promise<boolean> {
  const steps: readonly { readonly act: (process: ProcessIdentity) => Promise<unknown>; readonly waitMs: number }[] = [
    ...(graceMs > 0 ? [{ act: () => tell('system_powerdown', folder, tools, signal), waitMs: graceMs }] : []),
    { act: () => tell('quit', folder, tools, signal), waitMs: 1_000 },
    { act: async (process) => kill(process), waitMs: KILL_TIMEOUT_MS },
  ];
  for (const { act, waitMs } of steps) {
    const process = await anyProcess(record);
    if (process === undefined) return true;
    await act(process);
    if (await endsWithin(record, waitMs, tools.clock, signal)) return true;
  }
  return false;
}

/** A machine that does not listen is dealt with by the next step. */
async function tell(command: string, folder: string, tools: ProcessTools, signal: AbortSignal): Promise<void> {
  await withinQmpTimeout(tools.clock, signal, (limited) => withQmp(folder, limited, (qmp) => qmp.execute(command)));
}

function kill(target: ProcessIdentity): void {
  try {
    process.kill(target.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ended just now
  }
}

async function endsWithin(record: MachineRecord, ms: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const end = clock.monotonic() + ms;
  while ((await anyProcess(record)) !== undefined) {
    if (clock.monotonic() >= end) return false;
    await clock.sleep(POLL_MS, signal);
  }
  return true;
}

/**
 * Undefined if the machine does not answer (yet), whatever it is that keeps it; who asks finds out from its process what has
 * become of it. Rejects only with the signal's reason.
 */
async function withinQmpTimeout<T>(
  clock: Clock,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const limit = { ms: QMP_TIMEOUT_MS, clock, late: () => new Error('machine does not answer') };
  try {
    return await withTimeLimit(limit, signal, work);
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
