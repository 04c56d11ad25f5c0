import { tableText } from '../../views/table';
import { buildsView, uploadsView } from '../../views/images';
import { componentsView } from '../../views/components';
import { nodesView } from '../../views/nodes';
import { requestsView } from '../../views/requests';
import { allUploads } from '../all-uploads';
import { byName } from '../by-name';
import { readable, type TreeParts } from '../lists/tree-list';
import { overview } from './overview';

export const PAGES = ['overview', 'nodes', 'requests', 'images', 'components'] as const;
export type Page = (typeof PAGES)[number];

/** What the screen shows of the tree. */
export interface TopState {
  readonly page: Page;
  /** Lines that are scrolled away. */
  readonly top: number;
}

export interface TopScene {
  readonly tree: TreeParts;
  readonly nowSeconds: number;
  /** `HH:MM:SS`. */
  readonly time: string;
  /** False while ZooKeeper is out of reach. */
  readonly fresh: boolean;
  readonly height: number;
}

/** Lines of the page; the first two of a table stay when the rest is scrolled. */
export function pageLines(page: Page, { tree, nowSeconds, height }: TopScene): readonly string[] {
  switch (page) {
    case 'overview':
      return overview(tree, nowSeconds, height - 2);
    case 'nodes':
      return lines(tableText(nodesView(readable(tree.nodes.values()), nowSeconds, false)));
    case 'requests':
      return lines(tableText(requestsView(readable(tree.requests.values()))));
    case 'components': {
      const { builders, launchers, pools } = tree.components;
      return lines(tableText(componentsView([...builders, ...launchers, ...pools])));
    }
    case 'images':
      return [
        ...lines(tableText(uploadsView(readable(allUploads(tree.images)), nowSeconds))),
        '',
        ...lines(tableText(buildsView(buildRows(tree), nowSeconds))),
      ];
  }
}

function buildRows({ images }: TreeParts) {
  return byName(images).flatMap(({ builds, paused }) =>
    readable(builds.values()).map(({ key, record }) => ({ key, record, paused })),
  );
}

const lines = (text: string) => text.trimEnd().split('\n');

/** The whole screen: a line of state, a line of keys, and the page from where it is scrolled to. */
export function renderTop(state: TopState, scene: TopScene): readonly string[] {
  const page = pageLines(state.page, scene);
  const room = scene.height - 2;
  const head = scene.fresh ? '' : '   ZooKeeper is out of reach: may be out of date';
  const from = clampTop(state.top, page.length, room);
  const place =
    page.length > room ? `   lines ${from + 1}-${Math.min(page.length, from + room)} of ${page.length}` : '';
  return [
    `nodepool top   ${scene.time}   ${state.page}${place}${head}`,
    `\x1b[7m o overview  n nodes  r requests  i images  c components  ↑↓ scroll  q quit \x1b[0m`,
    ...page.slice(from, from + room),
  ];
}

export function clampTop(top: number, lines: number, room: number): number {
  return Math.max(0, Math.min(top, lines - room));
}

const KEYS: Readonly<Record<string, Page>> = { o: 'overview', n: 'nodes', r: 'requests', i: 'images', c: 'components' };

/** What a key does: another state, or the end. `lines` is how many the page has, `room` how many fit. */
export function pressed(state: TopState, key: string, lines: number, room: number): TopState | 'quit' {
  const page = KEYS[key];
  if (key === 'q' || key === '\x03' || key === '\x04') return 'quit';
  if (page !== undefined) return { page, top: 0 };
  const to = (top: number) => ({ ...state, top: clampTop(top, lines, room) });
  switch (key) {
    case '\x1b[A':
    case '\x1bOA':
    case 'k':
      return to(state.top - 1);
    case '\x1b[B':
    case '\x1bOB':
    case 'j':
      return to(state.top + 1);
    case '\x1b[5~':
      return to(state.top - room);
    case '\x1b[6~':
    case ' ':
      return to(state.top + room);
    case '\x1b[H':
    case 'g':
      return to(0);
    case '\x1b[F':
    case 'G':
      return to(lines);
    default:
      return state;
  }
}
