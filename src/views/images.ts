import type { BuildKey, UploadKey } from '../model/paths';
import type { ImageBuild, ImageUpload } from '../model/records';
import type { BuilderWaits, ImageWait } from '../model/image-waits';
import { ageColumn, ageText, type Column, type View } from './column';

export interface UploadRow {
  readonly key: UploadKey;
  readonly record: ImageUpload;
}

export interface BuildRow {
  readonly key: BuildKey;
  readonly record: ImageBuild;
  /** Of the image. */
  readonly paused: boolean;
}

export interface ImageRow {
  readonly image: string;
  readonly paused: boolean;
  readonly buildRequest: 'pending' | 'building' | undefined;
  readonly buildRequestedAt: number | undefined;
}

/** Uploads (cli.md 4.3): by image and provider, otherwise in the order given. */
export function uploadsView(rows: readonly UploadRow[], nowSeconds: number): View<UploadRow> {
  return {
    columns: [
      { header: 'Build ID', field: 'id', value: (it) => it.key.build },
      { header: 'Upload ID', field: 'upload_id', value: (it) => it.key.upload },
      { header: 'Provider', field: 'provider', value: (it) => it.key.provider },
      { header: 'Image', field: 'image', value: (it) => it.key.image },
      { header: 'Provider Image Name', field: 'external_name', value: (it) => it.record.externalName },
      { header: 'Provider Image ID', field: 'external_id', value: (it) => it.record.externalId },
      { header: 'State', field: 'state', value: (it) => it.record.state },
      ageColumn('Age', 'age', (it) => it.record.stateTime, nowSeconds),
    ],
    rows,
  };
}

/** Builds (cli.md 4.4): the builds of a paused image are all shown as paused. */
export function buildsView(rows: readonly BuildRow[], nowSeconds: number): View<BuildRow> {
  return {
    columns: [
      { header: 'ID', field: 'id', value: (it) => `${it.key.image}-${it.key.build}` },
      { header: 'Image', field: 'image', value: (it) => it.key.image },
      { header: 'Builder', field: 'builder', value: (it) => it.record.builder },
      { header: 'Formats', field: 'formats', value: (it) => [...it.record.formats].sort() },
      { header: 'State', field: 'state', value: (it) => (it.paused ? 'paused' : it.record.state) },
      ageColumn('Age', 'age', (it) => it.record.stateTime, nowSeconds),
    ],
    rows,
  };
}

/** An image, or one thing about it that waits. */
export interface ImageStatusRow extends ImageRow {
  readonly builder?: string;
  readonly wait?: ImageWait;
}

/** Images with their flags (cli.md 4.5); with `detail` also what failed there, when it is tried next, and why it failed. */
export function imageStatusView(
  rows: readonly ImageStatusRow[],
  nowSeconds: number,
  detail = false,
): View<ImageStatusRow> {
  const columns: Column<ImageStatusRow>[] = [
    { header: 'Image', field: 'image', value: (it) => it.image },
    { header: 'Paused', field: 'paused', value: (it) => it.paused },
    { header: 'Build Request', field: 'build_request', value: (it) => it.buildRequest ?? null },
    ageColumn('Build Request Age', 'build_request_age', (it) => it.buildRequestedAt, nowSeconds),
  ];
  const more: Column<ImageStatusRow>[] = [
    {
      header: 'What Waits',
      field: 'waits',
      value: ({ wait }) =>
        wait === undefined ? null : wait.provider === null ? 'build' : `upload to ${wait.provider}`,
    },
    { header: 'Builder', field: 'builder', value: (it) => it.builder ?? null },
    {
      header: 'Next Try',
      field: 'next_try_in',
      isAge: true,
      value: ({ wait }) => (wait === undefined ? null : secondsUntil(wait.nextTryAt, nowSeconds)),
      text: ({ wait }) => (wait === undefined ? '' : untilText(secondsUntil(wait.nextTryAt, nowSeconds))),
    },
    { header: 'Failures', field: 'failures', value: ({ wait }) => wait?.failures ?? null },
    { header: 'Cause', field: 'cause', value: ({ wait }) => wait?.cause ?? null },
    { header: 'Last Message', field: 'last_message', value: ({ wait }) => wait?.message ?? null },
  ];
  return detail ? { columns: [...columns, ...more], rows } : { columns, rows };
}

function secondsUntil(atSeconds: number, nowSeconds: number): number {
  return Math.max(0, Math.ceil((atSeconds - nowSeconds) * 1000) / 1000);
}

function untilText(seconds: number): string {
  return seconds === 0 ? 'now' : `in ${ageText(0, Math.ceil(seconds))}`;
}

/** Each image with what waits of it, or once with nothing; `waits` by builder. */
export function withWaits(images: readonly ImageRow[], all: readonly BuilderWaits[]): readonly ImageStatusRow[] {
  return images.flatMap((image): ImageStatusRow[] => {
    const rows = all.flatMap(({ builder, waits }) =>
      waits.filter((it) => it.image === image.image).map((wait) => ({ ...image, builder, wait })),
    );
    rows.sort(
      (a, b) => (a.wait.provider ?? '').localeCompare(b.wait.provider ?? '') || (a.builder < b.builder ? -1 : 1),
    );
    return rows.length === 0 ? [image] : rows;
  });
}

/** What is known of an image when its build request is judged; times in UNIX seconds. */
export interface BuildRequestFacts {
  readonly buildRequestedAt: number | undefined;
  readonly buildLocked: boolean;
  readonly buildLockCreatedAt: number | undefined;
  /** When the first build child was created; undefined without builds. */
  readonly firstBuildCreatedAt: number | undefined;
}

/** Whether a requested build is running, derived as the Python tool does (zk-tree 6). */
export function buildRequestState(facts: BuildRequestFacts): 'pending' | 'building' | undefined {
  if (facts.buildRequestedAt === undefined) return undefined;
  if (!facts.buildLocked || facts.firstBuildCreatedAt === undefined) return 'pending';
  return facts.firstBuildCreatedAt < (facts.buildLockCreatedAt ?? 0) ? 'pending' : 'building';
}
