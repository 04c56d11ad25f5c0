import { ageText, type View } from './column';

/** What a pool says of a request; the words are those of the launcher. */
export interface ExplanationRow {
  readonly pool: string;
  readonly provider: string | null;
  readonly name: string | null;
  readonly status: string;
  readonly reason: string;
  readonly detail: string | null;
  /** UNIX seconds. */
  readonly since: number | null;
  /** UNIX seconds; null: cannot be told. */
  readonly expected: number | null;
}

/** Why a request waits, pool by pool. */
export function explanationsView(rows: readonly ExplanationRow[], nowSeconds: number): View<ExplanationRow> {
  const key = (it: ExplanationRow) => `${it.provider ?? ''}\0${it.name ?? ''}\0${it.pool}`;
  return {
    columns: [
      { header: 'Provider', field: 'provider', value: (it) => it.provider },
      { header: 'Pool', field: 'pool', value: (it) => it.name },
      { header: 'Status', field: 'status', value: (it) => it.status },
      { header: 'Reason', field: 'reason', value: (it) => it.reason },
      { header: 'Detail', field: 'detail', value: (it) => it.detail },
      {
        header: 'For',
        field: 'since',
        value: (it) => it.since,
        text: (it) => (it.since === null ? '' : ageText(it.since, nowSeconds)),
      },
      {
        header: 'Expected In',
        field: 'expected',
        value: (it) => it.expected,
        text: (it) => (it.expected === null ? 'unknown' : ageText(nowSeconds, it.expected)),
      },
      { header: 'Pool ID', field: 'pool_id', value: (it) => it.pool },
    ],
    rows: [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  };
}
