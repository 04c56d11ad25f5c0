import { readFile, readdir } from 'node:fs/promises';

/** A process, told apart from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in clock ticks since the machine booted. */
  readonly startTicks: number;
  /** Ticks of one boot of the host say nothing about another. */
  readonly bootId: string;
}

export interface ProcessStat {
  readonly state: string;
  readonly startTicks: number;
}

/** `/proc/PID/stat`: the second field, in parentheses, may itself contain blanks and parentheses. */
export function parseProcessStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], Number(fields[19])];
  if (state === undefined || state === '' || !Number.isSafeInteger(startTicks)) throw new Error('not a process stat');
  return { state, startTicks };
}

/** Whether a command line is that of the machine: QEMU was told exactly this name and this uuid. */
export function isMachineCommand(argv: readonly string[], name: string, uuid: string): boolean {
  const told = (option: string, value: string) => argv.some((it, index) => it === option && argv[index + 1] === value);
  return told('-name', name) && told('-uuid', uuid);
}

export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** Undefined if it has ended; one that only waits to be collected (a zombie) has ended. */
async function aliveStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readIfThere(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const stat = parseProcessStat(text);
  return stat.state === 'Z' || stat.state === 'X' ? undefined : stat;
}

/** The process as it is now; undefined if it has ended. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await aliveStat(pid);
  return stat && { pid, startTicks: stat.startTicks, bootId: await bootId() };
}

/** Whether that very process still lives and runs that machine. Nothing else is ever signalled. */
export async function runsMachine(identity: ProcessIdentity, name: string, uuid: string): Promise<boolean> {
  if ((await bootId()) !== identity.bootId) return false;
  const stat = await aliveStat(identity.pid);
  return stat?.startTicks === identity.startTicks && isMachineCommand(await commandLine(identity.pid), name, uuid);
}

/** Looks through all processes for the machine: for records whose writer died before it could note the number. */
export async function findMachineProcess(name: string, uuid: string): Promise<ProcessIdentity | undefined> {
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || !isMachineCommand(await commandLine(pid), name, uuid)) continue;
    const identity = await identify(pid);
    if (identity !== undefined) return identity;
  }
  return undefined;
}

/** Empty for processes that the host hides from us (mount option hidepid): they are none of ours. */
async function commandLine(pid: number): Promise<readonly string[]> {
  const text = await readIfThere(`/proc/${pid}/cmdline`).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES' || error.code === 'EPERM') return undefined;
    throw error;
  });
  return (text ?? '').split('\0');
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  });
}
