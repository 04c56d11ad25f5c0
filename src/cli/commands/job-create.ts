import { HoldJobs } from '../../store/hold-jobs';
import { holdJobsView } from '../../views/hold-jobs';
import type { Command } from '../context';
import { UsageError } from '../failure';
import { printView } from '../print-view';

/** cli.md 10.2. A job for which no number is given holds nothing, as it always did. */
export const run: Command = async (context, [name = ''], options) => {
  const text = String(options['holdOnFailure']);
  if (!/^\d{1,6}$/.test(text)) throw new UsageError(`argument --hold-on-failure: invalid int value: '${text}'`);
  const jobs = new HoldJobs({ zk: (await context.store()).zk, ...context });
  await jobs.create(name, Number(text));
  await printView(context, options, holdJobsView(await jobs.list()));
  return 0;
};
