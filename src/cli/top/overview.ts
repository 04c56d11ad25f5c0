import { NODE_STATES, type NodeState } from '../../model/records';
import { ageText } from '../../views/column';
import { displayWidth } from '../../views/display-width';
import { allUploads } from '../all-uploads';
import { byName } from '../by-name';
import { readable, type TreeParts } from '../lists/tree-list';

/** Everything at a glance: nodes by provider and state, requests that wait, images, who takes part. Plain lines. */
export function overview(tree: TreeParts, nowSeconds: number, height: number): readonly string[] {
  const nodes = nodeLines(tree);
  const images = imageLines(tree, nowSeconds);
  const components = componentLines(tree);
  const rest = nodes.length + images.length + components.length + 3;
  return [
    ...nodes,
    '',
    ...requestLines(tree, nowSeconds, Math.max(3, height - rest)),
    '',
    ...images,
    '',
    ...components,
  ];
}

function nodeLines({ nodes }: TreeParts): readonly string[] {
  const counts = new Map<string, Map<NodeState, number>>();
  const used = new Set<NodeState>();
  for (const { record } of readable(nodes.values())) {
    const of = counts.get(record.provider ?? '?') ?? new Map<NodeState, number>();
    counts.set(record.provider ?? '?', of.set(record.state, (of.get(record.state) ?? 0) + 1));
    used.add(record.state);
  }
  const states = NODE_STATES.filter((it) => used.has(it));
  const sum = (of: ReadonlyMap<NodeState, number>) => [...of.values()].reduce((total, it) => total + it, 0);
  const rows = [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([provider, of]) => [provider, ...states.map((it) => String(of.get(it) ?? '')), String(sum(of))]);
  return section(`Nodes ${nodes.size}`, ['PROVIDER', ...states.map((it) => it.toUpperCase()), 'ALL'], rows);
}

function requestLines({ requests }: TreeParts, nowSeconds: number, most: number): readonly string[] {
  const all = readable(requests.values());
  const waiting = all.filter((it) => it.record.state === 'requested' || it.record.state === 'pending');
  const since = (it: (typeof all)[number]) => it.record.createdTime ?? it.createdAt;
  waiting.sort((one, other) => since(one) - since(other));
  const rows = waiting
    .slice(0, most)
    .map((it) => [
      it.id,
      it.record.state,
      ageText(since(it), nowSeconds),
      it.record.nodeTypes.join(','),
      it.record.requestor ?? '',
      it.record.provider ?? '',
    ]);
  const more = waiting.length > rows.length ? [`  … and ${waiting.length - rows.length} more (r)`] : [];
  const title = `Requests ${requests.size}: ${waiting.length} waiting`;
  return [...section(title, ['ID', 'STATE', 'WAITS', 'LABELS', 'REQUESTOR', 'PROVIDER'], rows), ...more];
}

function imageLines({ images }: TreeParts, nowSeconds: number): readonly string[] {
  const rows = byName(images).map((image) => {
    const builds = readable(image.builds.values());
    const newest = Math.max(...builds.filter((it) => it.record.state === 'ready').map((it) => it.record.stateTime));
    const building = builds.filter((it) => it.record.state === 'building').length;
    const uploads = readable(allUploads(new Map([[image.image, image]])));
    const uploading = uploads.filter((it) => it.record.state === 'uploading').length;
    const ready = new Set(uploads.filter((it) => it.record.state === 'ready').map((it) => it.key.provider));
    const now = [
      ...(image.paused ? ['paused'] : []),
      ...(building > 0 ? ['building'] : []),
      ...(uploading > 0 ? [`uploading ${uploading}`] : []),
      ...(image.buildRequestedAt !== undefined && building === 0 ? ['build requested'] : []),
    ];
    const age = Number.isFinite(newest) ? ageText(newest, nowSeconds) : 'none';
    return [image.image, age, [...ready].join(','), now.join(', ')];
  });
  return section(`Images ${images.size}`, ['IMAGE', 'NEWEST BUILD', 'READY AT', 'NOW'], rows);
}

function componentLines({ components: { builders, launchers, pools } }: TreeParts): readonly string[] {
  const paused = pools.filter((it) => it.component.paused);
  const names = (of: readonly { readonly component: { readonly hostname: string; readonly state: string } }[]) =>
    of.map((it) => `${it.component.hostname} ${it.component.state}`).join(', ') || 'none';
  const poolNames = paused.map((it) => `${it.component.providerName} ${it.component.name}`).join(', ');
  return [
    `Launchers ${launchers.length}: ${names(launchers)}`,
    `Builders ${builders.length}: ${names(builders)}`,
    `Pools ${pools.length}${paused.length === 0 ? '' : `, paused (full): ${poolNames}`}`,
  ];
}

/** A title, and below it aligned columns; numbers to the right. Without rows only the title. */
function section(title: string, headers: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [title];
  const table = [headers, ...rows];
  const widths = headers.map((_, index) => Math.max(...table.map((row) => displayWidth(row[index] ?? ''))));
  const isNumber = headers.map((_, index) => rows.every((row) => /^\d*$/.test(row[index] ?? '')));
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => {
        const fill = ' '.repeat(widths[index]! - displayWidth(cell));
        return isNumber[index] ? fill + cell : cell + fill;
      })
      .join('  ')
      .trimEnd();
  return [title, ...table.map((row) => `  ${line(row)}`)];
}
