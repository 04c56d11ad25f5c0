import { HOLD_JOBS } from '../../model/own-paths';
import { HoldJobs } from '../../store/hold-jobs';
import { holdJobsView } from '../../views/hold-jobs';
import type { Command } from '../context';
import { followPath } from '../lists/follow-path';
import { showList } from '../lists/show-list';

/** cli.md 10.2. */
export const run: Command = (context, _args, options) => {
  const read = async () => {
    const { zk } = await context.store();
    const jobs = await new HoldJobs({ ...context, zk }).list();
    return () => holdJobsView(jobs);
  };
  return showList(context, options, {
    shape: holdJobsView([]),
    read,
    follow: async (signal) => followPath(context, await context.store(), HOLD_JOBS, read, signal),
  });
};
