import { BuildHistory } from '../../store/build-history';
import type { Store } from '../../store/api';
import type { Command, CommandContext } from '../context';
import { CommandError } from '../failure';
import { findBuild } from '../find-build';
import { followLog, type LogPlace, placeOfLog, printLog } from '../remote-log';

/** The log of a build, fetched over HTTP from the builder that has it. With `--follow` the status is that of the build. */
export const run: Command = async (context, [target = ''], options) => {
  const store = await context.store();
  const history = new BuildHistory({ ...context, zk: store.zk });
  const [images, remembered, components] = await Promise.all([
    store.images.read(),
    history.readAll(),
    store.components.read(),
  ]);
  const build = findBuild(target, images, remembered);
  if (build === undefined) throw new CommandError(`no build is known by ${target}`);
  const place = placeOfLog(build, components.builder);
  if (options['follow'] !== true) {
    await printLog(context, place);
    return 0;
  }
  return statusOf(context, store, place, await followLog(context, place));
};

/** A record that is gone, or about to go, says nothing about the build; the history does. */
async function statusOf(context: CommandContext, store: Store, { key }: LogPlace, outcome: string): Promise<number> {
  if (outcome === 'ready') return 0;
  if (outcome !== 'failed') {
    const entries = await new BuildHistory({ ...context, zk: store.zk }).read(key.image);
    if (entries.some((it) => it.build === key.build && it.result === 'ready')) return 0;
  }
  context.complain(`build ${key.image}-${key.build}: ${outcome}`);
  return 1;
}
