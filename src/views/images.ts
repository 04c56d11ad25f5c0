import type { BuildKey, UploadKey } from '../model/paths';
import type { ImageBuild, ImageUpload } from '../model/records';
import { ageColumn, type View } from './column';

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

/** Images with their flags (cli.md 4.5). */
export function imageStatusView(rows: readonly ImageRow[], nowSeconds: number): View<ImageRow> {
  return {
    columns: [
      { header: 'Image', field: 'image', value: (it) => it.image },
      { header: 'Paused', field: 'paused', value: (it) => it.paused },
      { header: 'Build Request', field: 'build_request', value: (it) => it.buildRequest ?? null },
      ageColumn('Build Request Age', 'build_request_age', (it) => it.buildRequestedAt, nowSeconds),
    ],
    rows,
  };
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
