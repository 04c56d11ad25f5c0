import { isZkError } from '../../src/zk/errors';
import type { ZooKeeper } from '../../src/zk/client';
import type { BuilderChild, BuilderFarm } from './builder-farm';

const LAST_LINES = 25;

/** All that there is to see of a farm whose test ran out of time: what was waited for, the tree, the files, the logs. */
export async function farmPicture(farm: BuilderFarm, waits: readonly string[]): Promise<string> {
  const names = [...new Set(farm.builders.map((it) => it.name))];
  const files = await Promise.all(names.map(async (it) => `${it}: ${(await farm.files(it)).join(' ')}`));
  return [
    ...section('waited for', waits),
    ...section('tree', await treeLines(farm.zk, '/nodepool')),
    ...section('files', files),
    ...farm.builders.flatMap((it) => section(`${it.name} (${it.state})`, lastLines(it))),
    '',
  ].join('\n');
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return [`---- ${title}`, ...lines];
}

function lastLines({ lines }: BuilderChild): readonly string[] {
  return lines.slice(-LAST_LINES).map((it) => it.slice(0, 400));
}

/** Path and text of every znode below `path`; what goes meanwhile is left out. */
async function treeLines(zk: ZooKeeper, path: string): Promise<readonly string[]> {
  try {
    const { data } = await zk.get(path);
    const { children } = await zk.children(path);
    const below = await Promise.all([...children].sort().map((it) => treeLines(zk, `${path}/${it}`)));
    return [`${path} ${data.toString().slice(0, 300)}`, ...below.flat()];
  } catch (error) {
    if (isZkError(error, 'NO_NODE')) return [];
    throw error;
  }
}
