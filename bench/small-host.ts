import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PERIOD_US = 10_000;

/**
 * Holds a process to a share of one core, as if it had a small host to itself, so that several on one machine do not take from
 * each other. Returns how to undo it, once the process has ended; undefined where there is no right to.
 */
export function smallHost(pid: number, percent: number): (() => void) | undefined {
  const quotaUs = Math.round((PERIOD_US * percent) / 100);
  const isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers');
  const folder = join(isUnified ? '/sys/fs/cgroup' : '/sys/fs/cgroup/cpu', `nodepool-bench-${pid}`);
  const limits: Readonly<Record<string, string>> = isUnified
    ? { 'cpu.max': `${quotaUs} ${PERIOD_US}` }
    : { 'cpu.cfs_period_us': String(PERIOD_US), 'cpu.cfs_quota_us': String(quotaUs) };
  try {
    mkdirSync(folder);
  } catch {
    return undefined;
  }
  const undo = () => rmdirSync(folder);
  try {
    for (const [file, text] of Object.entries(limits)) writeFileSync(join(folder, file), text);
    writeFileSync(join(folder, 'cgroup.procs'), String(pid));
    return undo;
  } catch {
    undo();
    return undefined;
  }
}
