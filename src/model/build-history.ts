import type { Json } from './json';

/**
 * What became of builds, kept when their records are gone. `building` is one that has not ended yet, `lost` one whose
 * builder disappeared, `unchanged` a scheduled build that was not made because nothing would be different.
 */
export const HISTORY_RESULTS = ['building', 'ready', 'failed', 'lost', 'unchanged'] as const;
export type HistoryResult = (typeof HISTORY_RESULTS)[number];

export interface BuildHistoryEntry {
  readonly image: string;
  /** Of an `unchanged` entry: the build that stays in service. */
  readonly build: string;
  readonly result: HistoryResult;
  /** `requested`, `missing`, `expired`, `format-missing`, …: the first is what made it happen. */
  readonly reasons: readonly string[];
  readonly builder: string | null;
  readonly builderId: string | null;
  /** UNIX seconds. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly formats: readonly string[];
  /** On disk, by format. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Of a failure. */
  readonly cause: string | null;
  readonly message: string | null;
  readonly exitCode: number | null;
}

/** How many builds of one image are remembered; some 15 kB of JSON. */
export const HISTORY_LENGTH = 50;
const MESSAGE_LENGTH = 400;

/**
 * With `entry` in it, in the place of an earlier one of the same start. A build begins under the image's build lock, so that
 * any other entry that says `building` belongs to a builder that is gone: it becomes `lost`.
 */
export function withHistoryEntry(
  entries: readonly BuildHistoryEntry[],
  entry: BuildHistoryEntry,
): readonly BuildHistoryEntry[] {
  const isSame = (it: BuildHistoryEntry) => it.build === entry.build && it.startedAt === entry.startedAt;
  const others = entries.filter((it) => !isSame(it));
  const settled = others.map((it): BuildHistoryEntry => (it.result === 'building' ? { ...it, result: 'lost' } : it));
  const cut = { ...entry, message: entry.message?.slice(0, MESSAGE_LENGTH) ?? null };
  return [...settled, cut].sort((a, b) => a.startedAt - b.startedAt).slice(-HISTORY_LENGTH);
}

/** The oldest first. */
export function printHistory(entries: readonly BuildHistoryEntry[]): Buffer {
  const builds = entries.map((it) => ({
    build: it.build,
    result: it.result,
    reasons: it.reasons,
    builder: it.builder,
    builder_id: it.builderId,
    started_at: it.startedAt,
    ended_at: it.endedAt,
    formats: it.formats,
    bytes: it.bytes,
    ...(it.cause === null ? {} : { cause: it.cause, message: it.message, exit_code: it.exitCode }),
  }));
  return Buffer.from(JSON.stringify({ builds }));
}

/** Never throws: what cannot be read is left out, for a history is for people only. */
export function parseHistory(image: string, data: Buffer): readonly BuildHistoryEntry[] {
  let value: Json;
  try {
    value = JSON.parse(data.toString('utf8')) as Json;
  } catch {
    return [];
  }
  const builds = isObject(value) ? value['builds'] : undefined;
  return Array.isArray(builds) ? builds.flatMap((it: Json) => parseEntry(image, it)) : [];
}

function parseEntry(image: string, value: Json): BuildHistoryEntry[] {
  if (!isObject(value)) return [];
  const result = HISTORY_RESULTS.find((it) => it === value['result']);
  const [build, startedAt] = [text(value['build']), number(value['started_at'])];
  if (result === undefined || build === null || startedAt === null) return [];
  const sizes = isObject(value['bytes']) ? Object.entries(value['bytes']) : [];
  return [
    {
      image,
      build,
      result,
      reasons: texts(value['reasons']),
      builder: text(value['builder']),
      builderId: text(value['builder_id']),
      startedAt,
      endedAt: number(value['ended_at']),
      formats: texts(value['formats']),
      bytes: Object.fromEntries(sizes.filter((it): it is [string, number] => typeof it[1] === 'number')),
      cause: text(value['cause']),
      message: text(value['message']),
      exitCode: number(value['exit_code']),
    },
  ];
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const text = (value: Json | undefined) => (typeof value === 'string' ? value : null);
const number = (value: Json | undefined) => (typeof value === 'number' ? value : null);
const texts = (value: Json | undefined) =>
  Array.isArray(value) ? value.filter((it: Json): it is string => typeof it === 'string') : [];
