import { HoldJobs } from '../../store/hold-jobs';
import type { Command } from '../context';

/** cli.md 10.2. Nodes that are held stay held. */
export const run: Command = async (context, [id = '']) => {
  const jobs = new HoldJobs({ zk: (await context.store()).zk, ...context });
  const padded = /^\d+$/.test(id) ? id.padStart(10, '0') : id;
  const isJob = /^\d{10}$/.test(padded);
  if (!isJob || !(await jobs.delete(padded))) await context.print(`Job ${id} not found.\n`);
  return 0;
};
