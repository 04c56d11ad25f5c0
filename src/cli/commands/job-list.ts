import { HoldJobs } from '../../store/hold-jobs';
import { holdJobsView } from '../../views/hold-jobs';
import type { Command } from '../context';
import { printView } from '../print-view';

/** cli.md 10.2. */
export const run: Command = async (context, _args, options) => {
  const jobs = new HoldJobs({ zk: (await context.store()).zk, ...context });
  await printView(context, options, holdJobsView(await jobs.list()));
  return 0;
};
