import { askWhy } from '../../store/explain-request';
import { explanationsView } from '../../views/explanations';
import { requestId } from '../change-node';
import type { Command } from '../context';
import { CommandError } from '../failure';
import { showList } from '../lists/show-list';

/** Why a request waits, as every launcher says through ZooKeeper. */
export const run: Command = async (context, [given = ''], options) => {
  const id = requestId(given);
  const ask = async () => askWhy(await context.store(), context, id, context.signal);
  const found = await ask();
  if (found === undefined) throw new CommandError(`Request id ${id} not found`);
  let first: typeof found | undefined = found;
  return showList(context, options, {
    shape: explanationsView([], 0),
    async read() {
      const { pools } = first ?? (await ask()) ?? gone(id);
      first = undefined;
      return (nowSeconds) => explanationsView(pools, nowSeconds);
    },
  });
};

function gone(id: string): never {
  throw new CommandError(`request ${id} is gone`);
}
