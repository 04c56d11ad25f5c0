import { alienImagesView, aliensView } from '../views/aliens';
import { buildHistoryView } from '../views/build-history';
import type { View } from '../views/column';
import { componentsView } from '../views/components';
import { explanationsView } from '../views/explanations';
import { findingsView } from '../views/findings';
import { holdJobsView } from '../views/hold-jobs';
import { buildsView, imageStatusView, uploadsView } from '../views/images';
import { labelsView } from '../views/labels';
import { nodesView } from '../views/nodes';
import { reachView } from '../views/reach';
import { requestsView } from '../views/requests';

type Shape = Pick<View, 'columns' | 'more'>;
export interface ColumnName {
  readonly header: string;
  readonly field: string;
  /** Not shown unless asked for. */
  readonly isMore: boolean;
}

/** Columns of the commands that print lists, with those that only `--fields` shows. */
export const COMMAND_COLUMNS: ReadonlyMap<string, readonly ColumnName[]> = new Map(
  (
    [
      ['list', nodesView([], 0, false)],
      ['image-list', uploadsView([], 0)],
      ['dib-image-list', buildsView([], 0)],
      ['image-status', imageStatusView([], 0)],
      ['image-history', buildHistoryView([], 0)],
      ['request-list', requestsView([])],
      ['request', reachView([])],
      ['component-list', componentsView([])],
      ['label-list', labelsView([], false)],
      ['explain', explanationsView([], 0)],
      ['job-list', holdJobsView([])],
      ['alien-list', aliensView([])],
      ['alien-image-list', alienImagesView([])],
      ['audit', findingsView([])],
    ] as readonly (readonly [string, Shape])[]
  ).map(([command, { columns, more = [] }]) => [
    command,
    [
      ...columns.map(({ header, field }) => ({ header, field, isMore: false })),
      ...more.map(({ header, field }) => ({ header, field, isMore: true })),
    ],
  ]),
);
