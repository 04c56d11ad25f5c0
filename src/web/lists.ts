import type { ImageEntry, NodeEntry } from '../store/api';
import type { Column, View } from '../views/column';
import {
  buildRequestState,
  type BuildRow,
  buildsView,
  type ImageRow,
  imageStatusView,
  type UploadRow,
  uploadsView,
} from '../views/images';
import { type NodeRow, nodesView } from '../views/nodes';
import { type RequestRow, requestsView } from '../views/requests';
import type { Part, SeenTree } from './seen-tree';
import type { WebColumn } from './web-column';

/** One of the lists of webapp.md 6. */
export interface ListPage<Row extends object = object> {
  readonly path: string;
  readonly part: Part;
  readonly columns: readonly WebColumn<Row>[];
  rows(tree: SeenTree): readonly Row[];
  /** One row by the value of a query parameter. */
  readonly only?: { readonly parameter: string; rows(tree: SeenTree, value: string): readonly Row[] };
}

/** The columns of a view under the names that the web has for them. */
function adopt<Row>(view: View<Row>, changes: Readonly<Record<string, Partial<WebColumn<Row>>>>): WebColumn<Row>[] {
  const plain = ({ header, field, value, text }: Column<Row>): WebColumn<Row> => ({
    header,
    field,
    value: (row) => value(row),
    ...(text === undefined ? {} : { text }),
  });
  return view.columns.map((it) => ({ ...plain(it), ...changes[it.field] }));
}

const uploads: ListPage<UploadRow> = {
  path: '/image-list',
  part: 'images',
  columns: adopt(uploadsView([], 0), {
    age: { kind: 'since', value: (it) => it.record.stateTime },
  }),
  rows: (tree) => tree.images.flatMap((it) => imageRows(it).uploads),
};

const builds: ListPage<BuildRow> = {
  path: '/dib-image-list',
  part: 'images',
  columns: adopt(buildsView([], 0), { age: { kind: 'since', value: (it) => it.record.stateTime } }),
  rows: (tree) => tree.images.flatMap((it) => imageRows(it).builds),
};

const imageStatus: ListPage<ImageRow> = {
  path: '/image-status',
  part: 'images',
  columns: adopt(imageStatusView([], 0), {
    build_request_age: { kind: 'since', value: (it) => it.buildRequestedAt },
  }),
  rows: (tree) => tree.images.map((it) => imageRows(it).status),
};

const nodes: ListPage<NodeRow> = {
  path: '/node-list',
  part: 'nodes',
  columns: adopt(nodesView([], 0, true), {
    age: { kind: 'elapsed', value: (it) => it.record.stateTime },
    locked: { value: (it) => (it.locked ? 'locked' : 'unlocked') },
    connection_port: { value: portOf },
  }),
  rows: (tree) => [...tree.nodes.values()].filter(isReadable),
  only: { parameter: 'node_id', rows: (tree, id) => [tree.nodes.get(id)].filter((it) => isReadable(it)) },
};

const requests: ListPage<RequestRow> = {
  path: '/request-list',
  part: 'requests',
  columns: adopt(requestsView([]), {}),
  rows: (tree) => [...tree.requests.values()].filter((it): it is typeof it & RequestRow => it.record !== undefined),
};

const labels: ListPage<{ readonly label: string }> = {
  path: '/label-list',
  part: 'components',
  columns: [{ header: 'Label', field: 'label', value: (it) => it.label }],
  rows: (tree) => {
    const supported = [...tree.components.pools.values()].flatMap((it) => it.component.supportedLabels);
    return [...new Set(supported)].sort().map((label) => ({ label }));
  },
};

export const LIST_PAGES = [uploads, builds, imageStatus, nodes, requests, labels] as unknown as readonly ListPage[];

function isReadable(entry: NodeEntry | undefined): entry is NodeEntry & NodeRow {
  return entry?.record !== undefined;
}

/** A number, or digits as text; anything else may be a token of kubernetes. */
function portOf({ record: { connectionPort } }: NodeRow): number | string {
  if (typeof connectionPort === 'number') return connectionPort;
  return typeof connectionPort === 'string' && /^\s*\d+\s*$/.test(connectionPort) ? connectionPort : 'redacted';
}

interface ImageRows {
  readonly status: ImageRow;
  readonly builds: readonly BuildRow[];
  readonly uploads: readonly UploadRow[];
}

/** Entries keep their identity until something below them changes, and so do their rows. */
const known = new WeakMap<ImageEntry, ImageRows>();

function imageRows(image: ImageEntry): ImageRows {
  const before = known.get(image);
  if (before !== undefined) return before;
  const all = [...image.builds.values()];
  const status = {
    ...image,
    buildRequest: buildRequestState({ ...image, firstBuildCreatedAt: all[0]?.createdAt }),
  };
  const buildRows = all.flatMap(({ key, record }) =>
    record === undefined ? [] : [{ key, record, paused: image.paused }],
  );
  const uploadRows = all.flatMap((build) =>
    [...build.providers.values()].flatMap((provider) =>
      [...provider.uploads.values()].flatMap(({ key, record }) => (record === undefined ? [] : [{ key, record }])),
    ),
  );
  const rows = { status, builds: buildRows, uploads: uploadRows };
  known.set(image, rows);
  return rows;
}
