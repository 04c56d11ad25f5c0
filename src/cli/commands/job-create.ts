import { HoldJobs } from '../../store/hold-jobs';
import type { Command } from '../context';
import { CommandError } from '../failure';
import { printView } from '../print-view';
import { holdJobsView } from '../../views/hold-jobs';

/** cli.md 10.2. */
export const run: Command = async (context, [name = ''], options) => {
  const text = String(options['holdOnFailure']);
  if (!/^\d{1,6}$/.test(text)) throw new CommandError('--hold-on-failure takes a number of nodes');
  const jobs = new HoldJobs({ zk: (await context.store()).zk, ...context });
  await jobs.create(name, Number(text));
  await printView(context, options, holdJobsView(await jobs.list()));
  return 0;
};
