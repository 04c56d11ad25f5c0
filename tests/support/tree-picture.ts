import type { Store } from '../../src/store/api';

/** Requests and nodes as a client sees them, for whoever has to find out why something does not go on. */
export function treePicture({ requests, nodes }: Pick<Store, 'requests' | 'nodes'>): string {
  const { requests: waiting, locks } = requests.view();
  const lines = [...waiting.values()].map(({ id, record }) => {
    const { state, nodeTypes, declinedBy, provider } = record ?? {};
    return `  ${id} ${state} ${nodeTypes?.join()} declined by ${declinedBy?.length}, prefers ${provider}, locked ${locks.get(id)?.contended}`;
  });
  for (const { id, record, locked } of nodes.view().nodes.values()) {
    const { state, type, provider, allocatedTo } = record ?? {};
    lines.push(`  ${id} ${state} ${type?.join()} of ${provider} for ${allocatedTo}, locked ${locked}`);
  }
  return lines.join('\n');
}
