import { systemClock } from '../../src/runtime/clock';
import { silentLogger } from '../../src/runtime/log';
import { systemRandom } from '../../src/runtime/random';
import type { ZooKeeper } from '../../src/zk/client';
import { connectZooKeeper } from '../../src/zk/engine';
import { isZkError } from '../../src/zk/errors';
import type { PrivateServer } from '../../src/zk/server/private-server';

/**
 * For tests that share a server: once one of them has failed, each begins with an empty tree, so that its second try finds
 * nothing of its first. Where all goes well it costs nothing.
 */
export async function emptyTreeAfterFailure({ hosts }: PrivateServer): Promise<void> {
  if (!('aTestHasFailed' in globalThis)) return;
  const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
  const zk = connectZooKeeper({ hosts, sessionTimeoutMs: 10_000 }, tools);
  try {
    await zk.connected();
    await removeBelow(zk, '/');
  } finally {
    await zk.close();
  }
}

async function removeBelow(zk: ZooKeeper, path: string): Promise<void> {
  const { children } = await zk.children(path).catch(nothingThere);
  const paths = children.map((it) => `${path === '/' ? '' : path}/${it}`).filter((it) => it !== '/zookeeper');
  await Promise.all(
    paths.map(async (it) => {
      await removeBelow(zk, it);
      await zk.delete(it).catch(nothingThere);
    }),
  );
}

/** Ephemerals of the first try go by themselves; what only its owner may list has no children here. */
function nothingThere(error: unknown): { readonly children: readonly string[] } {
  if (isZkError(error, 'NO_NODE') || isZkError(error, 'NO_AUTH')) return { children: [] };
  throw error;
}
