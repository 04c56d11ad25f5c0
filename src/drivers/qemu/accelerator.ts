import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../runtime/clock';
import { withFileLock } from '../../runtime/file-lock';
import type { Logger } from '../../runtime/log';
import { withTimeLimit } from '../../runtime/time-limit';
import { PROBE_LINE, PROBE_STATUS, probeDisk } from './boot-probe';
import { machineArguments } from './command-line';
import { bootId } from './process-identity';
import { runTool } from './run-tool';
import { makeFolder } from '../../runtime/make-folder';

export interface AcceleratorOptions {
  readonly qemu: string;
  /** In order of preference. */
  readonly accel: readonly string[];
  readonly machine: string;
  readonly cpu: string;
  /** Where verdicts are kept. */
  readonly folder: string;
}

export interface AcceleratorTools {
  readonly clock: Clock;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** None of the configured accelerators runs a machine. */
export class NoAcceleratorError extends Error {
  constructor(readonly reasons: Readonly<Record<string, string>>) {
    super('no accelerator works');
    this.name = 'NoAcceleratorError';
  }
}

const PROBE_TIMEOUT_MS = 20_000;

/** Undefined: works. Else why not. */
type Verdict = string | undefined;
const cacheSchema = z.object({ key: z.string(), reasons: z.record(z.string(), z.string().nullable()) });

/**
 * The first accelerator that boots the probe. Verdicts are kept for this boot of the host and this QEMU, and shared by
 * all programs that use the folder; of several that ask at once one probes.
 */
export async function chooseAccelerator(
  options: AcceleratorOptions,
  tools: AcceleratorTools,
  signal: AbortSignal,
): Promise<string> {
  await makeFolder(options.folder);
  return withFileLock(join(options.folder, 'accelerators.lock'), signal, async () => {
    const key = await cacheKey(options, tools, signal);
    const known = await readCache(options.folder, key);
    for (const accel of options.accel) {
      if (!known.has(accel)) known.set(accel, await report(accel, options, tools, signal));
      if (known.get(accel) !== undefined) continue;
      await writeCache(options.folder, key, known);
      return accel;
    }
    // Nothing is kept: a host under great load may have failed the probe, and would fail for ever.
    throw new NoAcceleratorError(Object.fromEntries([...known].map(([accel, reason]) => [accel, reason ?? ''])));
  });
}

async function report(
  accel: string,
  options: AcceleratorOptions,
  tools: AcceleratorTools,
  signal: AbortSignal,
): Promise<Verdict> {
  const reason = await probeAccelerator(accel, options, tools, signal);
  if (reason === undefined) tools.log.info('accelerator works', { accel });
  else tools.log.info('accelerator does not work', { accel, reason });
  return reason;
}

/** Boots the probe. Undefined if it ran to its end, else why not. */
export async function probeAccelerator(
  accel: string,
  options: Omit<AcceleratorOptions, 'accel'>,
  tools: AcceleratorTools,
  signal: AbortSignal,
): Promise<Verdict> {
  const folder = await mkdtemp(join(options.folder, 'probe-'));
  const late = new Error('probe did not end');
  try {
    const disk = join(folder, 'disk');
    await writeFile(disk, probeDisk());
    const argv = [
      ...machineArguments({ ...options, accel }),
      ...['-m', '64', '-serial', 'stdio', '-no-reboot'],
      ...['-device', 'isa-debug-exit,iobase=0x501,iosize=1'],
      ...['-drive', `file=${disk},if=virtio,format=raw`],
    ];
    const limit = { ms: PROBE_TIMEOUT_MS, clock: tools.clock, late: () => late };
    const result = await withTimeLimit(limit, signal, (it) => runTool(options.qemu, argv, tools.env, it));
    if (result.status === PROBE_STATUS && result.stdout.includes(PROBE_LINE)) return undefined;
    return result.stderr.trim().split('\n')[0] || `probe ended with status ${result.status}`;
  } catch (error) {
    if (error !== late) throw error;
    return late.message;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function cacheKey(options: AcceleratorOptions, tools: AcceleratorTools, signal: AbortSignal): Promise<string> {
  const version = await runTool(options.qemu, ['--version'], tools.env, signal);
  const facts = [await bootId(), version.stdout, options.qemu, options.machine, options.cpu];
  return createHash('sha256').update(facts.join('\0')).digest('hex');
}

/** Anything that is not a cache of ours for exactly these facts is as good as none. */
async function readCache(folder: string, key: string): Promise<Map<string, Verdict>> {
  const text = await readFile(join(folder, 'accelerators.json'), 'utf8').catch(() => '');
  const cache = cacheSchema.safeParse(parseJson(text));
  if (!cache.success || cache.data.key !== key) return new Map();
  return new Map(Object.entries(cache.data.reasons).map(([accel, reason]) => [accel, reason ?? undefined]));
}

async function writeCache(folder: string, key: string, known: ReadonlyMap<string, Verdict>): Promise<void> {
  const reasons = Object.fromEntries([...known].map(([accel, reason]) => [accel, reason ?? null]));
  const path = join(folder, 'accelerators.json');
  await writeFile(`${path}.new`, `${JSON.stringify({ key, reasons }, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
