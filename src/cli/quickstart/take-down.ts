import type { DriverTools } from '../../drivers/driver';
import { drivers, driverOf } from '../../drivers/registry';
import { isDriverGone } from './gone';
import { loadConfig } from '../../config/load';
import type { Store } from '../../store/api';
import type { ZooKeeper } from '../../zk/client';
import { isZkError } from '../../zk/errors';
import type { Progress } from './progress';
import { nodeSummary, until, uploads } from './watch-pool';
import type { Workspace } from './workspace';

/**
 * Marks every node that nobody works with for deletion, as `nodepool delete` does, also those that somebody asked for by hand
 * and left, and waits until launcher and builder removed everything.
 */
export async function drainPool(store: Store, progress: Progress, signal: AbortSignal): Promise<void> {
  const nodes = store.nodes.view();
  const retire = async () => {
    for (const entry of nodes.nodes.values()) {
      if (entry.locked || !['ready', 'hold'].includes(entry.record?.state ?? '')) continue;
      const claim = await store.nodes.claim(entry.id, signal);
      if (claim !== undefined) await claim.write({ state: 'deleting' }).finally(() => claim.release());
    }
  };
  await retire();
  const again = nodes.onChange(() => {
    retire().catch((error: unknown) => progress.detail(`retrying: ${String(error)}`));
  });
  try {
    await until(
      nodes,
      () => {
        progress.detail(nodeSummary(store));
        return nodes.nodes.size === 0 ? true : undefined;
      },
      signal,
    );
  } finally {
    again();
  }
  const images = store.images.view();
  await until(
    images,
    () => {
      progress.detail(`${uploads(store).length} uploads left`);
      return [...images.images.values()].every((it) => it.builds.size === 0) ? true : undefined;
    },
    signal,
  );
}

/** What the daemons did not get to: instances that still run, whatever the tree says. */
export async function destroyInstances(workspace: Workspace, tools: DriverTools, signal: AbortSignal): Promise<number> {
  const config = loadConfig({ file: workspace.configFile, env: tools.env, schemas: drivers });
  let destroyed = 0;
  for (const section of config.providers.values()) {
    const provider = driverOf(section).connect(section, tools);
    try {
      for (const instance of await provider.list(signal)) {
        if (instance.metadata['nodepool_provider_name'] !== section.name) continue;
        destroyed += 1;
        while (!(await provider.destroy(instance.externalId, signal).then(() => false, isDriverGone))) {
          await tools.clock.sleep(200, signal);
        }
      }
    } finally {
      await provider.close();
    }
  }
  return destroyed;
}

/** Removes the chroot of this run with everything below it. */
export async function removeTree(zk: ZooKeeper, path = '/'): Promise<void> {
  const { children } = await zk.children(path);
  for (const child of children) await removeTree(zk, path === '/' ? `/${child}` : `${path}/${child}`);
  await zk.delete(path).catch((error: unknown) => {
    if (!isZkError(error, 'NO_NODE')) throw error;
  });
}
