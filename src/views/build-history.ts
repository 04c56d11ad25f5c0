import type { BuildHistoryEntry } from '../model/build-history';
import { ageColumn, ageText, type View } from './column';

/** What became of builds, the newest first. */
export function buildHistoryView(entries: readonly BuildHistoryEntry[], nowSeconds: number): View<BuildHistoryEntry> {
  return {
    columns: [
      { header: 'Build ID', field: 'build_id', value: (it) => it.build },
      { header: 'Result', field: 'result', value: (it) => it.result },
      { header: 'Because', field: 'reasons', value: (it) => it.reasons },
      { header: 'Builder', field: 'builder', value: (it) => it.builder },
      ageColumn('Started', 'started_age', (it) => it.startedAt, nowSeconds),
      {
        header: 'Took',
        field: 'seconds',
        value: (it) => secondsOf(it) ?? null,
        text: (it) => (secondsOf(it) === undefined ? '' : ageText(0, secondsOf(it)!)),
      },
      {
        header: 'Sizes',
        field: 'bytes',
        value: (it) => it.bytes,
        text: (it) => it.formats.map((format) => sizeOf(format, it.bytes[format])).join(', '),
      },
      { header: 'Cause', field: 'cause', value: (it) => it.cause },
      { header: 'Message', field: 'message', value: (it) => it.message },
    ],
    rows: [...entries].reverse(),
  };
}

function secondsOf({ startedAt, endedAt }: BuildHistoryEntry): number | undefined {
  return endedAt === null ? undefined : Math.max(0, Math.round((endedAt - startedAt) * 1000) / 1000);
}

function sizeOf(format: string, bytes: number | undefined): string {
  return bytes === undefined || bytes === 0 ? format : `${format} ${bytesText(bytes)}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Three digits or so: `512 B`, `1.4 GiB`. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
