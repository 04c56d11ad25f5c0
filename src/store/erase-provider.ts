import { buildProvidersPath } from '../model/paths';
import type { ZooKeeper } from '../zk/client';
import type { ZkTools } from '../zk/connect';
import type { Images, Nodes } from './api';
import { deleteTree } from './guarded';

/** What an operator wants gone of a provider that is in no configuration any more: no locks, no clouds (cli.md 4.14). */
export interface ErasableStore {
  readonly zk: ZooKeeper;
  readonly images: Pick<Images, 'read'>;
  readonly nodes: Pick<Nodes, 'read' | 'remove'>;
}

/** Deletes what every build has below `providers/<provider>`. */
export async function eraseBuildData(store: ErasableStore, tools: ZkTools, provider: string): Promise<void> {
  const parts = { ...tools, zk: store.zk, observe: () => undefined };
  for (const image of (await store.images.read()).values()) {
    for (const build of image.builds.values()) {
      if (build.providers.has(provider)) await deleteTree(parts, `${buildProvidersPath(build.key)}/${provider}`);
    }
  }
}

/** Marks all nodes of the provider `deleted` and removes them. */
export async function eraseNodeData(store: ErasableStore, provider: string): Promise<void> {
  for (const node of (await store.nodes.read()).values()) {
    if (node.record?.provider === provider) await store.nodes.remove(node.id);
  }
}
