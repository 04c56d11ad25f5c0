import { NODES, REQUESTS } from '../../model/paths';
import type { PoolComponent } from '../../model/records';
import { HoldJobs } from '../../store/hold-jobs';
import type { Store } from '../../store/api';
import type { Command, CommandContext } from '../context';
import { COMMANDS } from '../specs';
import type { Completion } from '../specs/spec';

/** One name in a line, for shells. What cannot be found out is silently not offered: a shell is no place for errors. */
export const run: Command = async (context, [kind]) => {
  try {
    const names = await namesOf(context, kind as Completion);
    if (names.length > 0) await context.print(`${[...new Set(names)].sort().join('\n')}\n`);
  } catch (error) {
    context.log.debug('nothing to offer', { err: error });
  }
  return 0;
};

async function namesOf(context: CommandContext, kind: Completion): Promise<readonly string[]> {
  switch (kind) {
    case 'command':
      return COMMANDS.filter((it) => it.hidden !== true).map((it) => it.name);
    case 'file':
      return [];
    case 'provider':
      return [...context.config().providers.keys()];
    case 'image':
      return [...context.config().diskImages.keys()];
    default:
      return namesInTree(await context.store(), context, kind);
  }
}

async function namesInTree(
  store: Store,
  context: CommandContext,
  kind: Exclude<Completion, 'command' | 'file' | 'provider' | 'image'>,
): Promise<readonly string[]> {
  switch (kind) {
    case 'node':
      return childrenOf(store, NODES);
    case 'request':
      return childrenOf(store, REQUESTS);
    case 'build':
      return [...(await store.images.read('builds')).values()].flatMap((image) =>
        [...image.builds.values()].map(({ key }) => `${key.image}-${key.build}`),
      );
    case 'label':
      return (await store.components.read()).pool.flatMap((it) => (it.component as PoolComponent).supportedLabels);
    case 'launcher':
      return (await store.components.read()).launcher.map((it) => it.component.hostname);
    case 'job':
      return (await new HoldJobs({ ...context, zk: store.zk }).list()).map((it) => it.id);
  }
}

async function childrenOf({ zk }: Store, path: string): Promise<readonly string[]> {
  return (await zk.exists(path)) === undefined ? [] : (await zk.children(path)).children;
}
