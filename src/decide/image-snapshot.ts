import type { CronSchedule } from '../config/cron';
import type { DiskImageConfig, ProviderDiskImageConfig } from '../config/types';
import type { BuildKey, UploadKey } from '../model/paths';
import type { ImageBuild, ImageUpload } from '../model/records';

/** What the tree says about images. The store's view has this shape, so it is handed to the planners as it is. */
export type ImageSnapshots = ReadonlyMap<string, ImageSnapshot>;

export interface ImageSnapshot {
  readonly image: string;
  /** The `pause` znode exists. */
  readonly paused: boolean;
  /** UNIX seconds of the `request-build` znode; undefined = none. */
  readonly buildRequestedAt: number | undefined;
  /** When an upload of the newest READY build was asked for, by provider: UNIX seconds. */
  readonly uploadRequests: ReadonlyMap<string, number>;
  /** Somebody contends for the image's build lock. */
  readonly buildLocked: boolean;
  readonly builds: ReadonlyMap<string, BuildSnapshot>;
}

interface RecordSnapshot<T> {
  readonly record: T | undefined;
  /** Why there is no record; 'empty' for a znode without data. */
  readonly broken: string | undefined;
  /** UNIX seconds by the server's clock. */
  readonly createdAt: number;
  readonly changedAt: number;
}

export interface BuildSnapshot extends RecordSnapshot<ImageBuild> {
  readonly key: BuildKey;
  /** Somebody contends for the build's number lock. */
  readonly locked: boolean;
  readonly providers: ReadonlyMap<string, ProviderSnapshot>;
}

export interface ProviderSnapshot {
  /** Somebody contends for the upload lock of this build and provider. */
  readonly locked: boolean;
  readonly uploads: ReadonlyMap<string, UploadSnapshot>;
}

export interface UploadSnapshot extends RecordSnapshot<ImageUpload> {
  readonly key: UploadKey;
  /** Somebody contends for the upload's number lock. */
  readonly locked: boolean;
}

/** What this builder's configuration wants, formats of providers included. */
export interface ImageWishes {
  /** In file order. */
  readonly images: ReadonlyMap<string, ImageWish>;
  /** Those that take images of ours, in file order. */
  readonly providers: ReadonlyMap<string, ProviderWish>;
  /** On which all images are built besides (`cron: {image-update: …}`). */
  readonly schedule?: { readonly cron: CronSchedule; readonly machineZone: string };
}

export interface ImageWish {
  readonly config: DiskImageConfig;
  /** The diskimage's own formats and those of the providers that list it (builder.md 4). */
  readonly formats: ReadonlySet<string>;
}

export interface ProviderWish {
  readonly name: string;
  /** Undefined while the driver cannot tell: nothing is uploaded, everything else goes on. */
  readonly format: string | undefined;
  readonly diskImages: ReadonlyMap<string, Pick<ProviderDiskImageConfig, 'name' | 'pause'>>;
}

/** A READY build and its record. */
export interface ReadyBuild {
  readonly entry: BuildSnapshot;
  readonly record: ImageBuild;
}

/**
 * READY builds of an image, the most recent first: by `state_time`, never by id (zk-tree 4). Of two that became READY at the
 * same moment the one begun later counts as the newer: it was made because the other did not do.
 */
export function readyBuilds(image: ImageSnapshot | undefined): readonly ReadyBuild[] {
  return [...(image?.builds.values() ?? [])]
    .flatMap((entry) => (entry.record?.state === 'ready' ? [{ entry, record: entry.record }] : []))
    .sort(newestFirst);
}

function newestFirst(a: ReadyBuild, b: ReadyBuild): number {
  return (
    b.record.stateTime - a.record.stateTime ||
    b.entry.createdAt - a.entry.createdAt ||
    (a.entry.key.build < b.entry.key.build ? -1 : 1)
  );
}

/** Whether the build has a READY upload at the provider, begun at `since` (UNIX seconds by the server's clock) or later. */
export function isUploaded(build: BuildSnapshot, provider: string, since = -Infinity): boolean {
  const uploads = build.providers.get(provider)?.uploads.values() ?? [];
  return [...uploads].some((it) => it.record?.state === 'ready' && it.createdAt >= since);
}
