import type { LabelRow } from '../views/labels';
import { byName } from './by-name';
import type { TreeParts } from './lists/tree-list';

/** Every label that a registered pool supports, by name, with its pools and nodes. */
export function labelRows({ components, nodes }: Pick<TreeParts, 'components' | 'nodes'>): readonly LabelRow[] {
  const pools = new Map<string, Set<string>>();
  for (const { component } of components.pools) {
    for (const label of component.supportedLabels) {
      const known = pools.get(label) ?? new Set();
      pools.set(label, known.add(`${component.providerName ?? '?'}/${component.name ?? '?'}`));
    }
  }
  const counts = new Map([...pools.keys()].map((label) => [label, { nodes: 0, ready: 0, inUse: 0 }]));
  for (const { record } of nodes.values()) {
    for (const label of record?.type ?? []) {
      const count = counts.get(label);
      if (count === undefined || record === undefined) continue;
      count.nodes += 1;
      if (record.state === 'ready' && record.allocatedTo === null) count.ready += 1;
      if (record.state === 'in-use') count.inUse += 1;
    }
  }
  return byName(
    new Map([...pools].map(([label, it]) => [label, { label, pools: [...it].sort(), ...counts.get(label)! }])),
  );
}
