import type { BuildKey, UploadKey } from '../model/paths';
import type {
  BuildSnapshot,
  ImageSnapshot,
  ImageSnapshots,
  ImageWishes,
  ProviderSnapshot,
  ProviderWish,
  UploadSnapshot,
} from './image-snapshot';
import { KEPT_UPLOADS, keptBuilds, recentUploads } from './retention';

/**
 * Steps of the retirement of builds and uploads (builder.md 9 and 10). Each is small and leaves a state from which the next
 * plan goes on, so a crash between two of them costs nothing:
 *
 *     upload  uploading, nobody uploads  --drop-->  gone
 *             ready, failed  --mark-->  deleting  --remove (cloud first)-->  gone
 *     build   ready, failed, building and nobody builds  --mark (uploads gone or deleting)-->  deleting
 *             deleting, no uploads  --remove-->  gone
 */
export type CleanupAction =
  | { readonly kind: 'mark-upload'; readonly upload: UploadKey; readonly reason: CleanupReason }
  /** In the cloud first, then the record. */
  | { readonly kind: 'remove-upload'; readonly upload: UploadKey }
  /** The record only: the cloud never told an id. */
  | { readonly kind: 'drop-upload'; readonly upload: UploadKey; readonly reason: 'interrupted' | 'empty' }
  | {
      readonly kind: 'mark-build';
      readonly build: BuildKey;
      readonly reason: CleanupReason;
      /** Whether the image's build lock must be got first, to be sure that nobody builds it. */
      readonly probe: boolean;
    }
  | { readonly kind: 'remove-build'; readonly build: BuildKey };

export type CleanupReason =
  | 'failed' // showed its failure for long enough
  | 'interrupted' // whoever made it is gone
  | 'superseded' // newer ones are READY
  | 'image-removed' // the configuration does not list the image any more
  | 'build-deleting'
  | 'empty'; // a znode without record, left by a lock taken below a deleted one (zk-tree 14)

export interface CleanupPlan {
  readonly actions: readonly CleanupAction[];
  /** When something becomes due by time alone: UNIX seconds, undefined = never. */
  readonly nextAt: number | undefined;
}

/**
 * How long a failed build or upload stays in sight. Python removes it at the next pass, that is after up to 60 s; we act at
 * once on everything else, and nobody would ever see a failure.
 */
export const FAILURE_SHOWN_SECONDS = 60;

/** What is to be retired, over all images in the tree; uploads of providers not in the configuration are never touched. */
export function planCleanup(wishes: ImageWishes, images: ImageSnapshots, nowSeconds: number): CleanupPlan {
  const actions: CleanupAction[] = [];
  const shownUntil: number[] = [];
  const shown = (changedAt: number) => {
    const until = changedAt + FAILURE_SHOWN_SECONDS;
    // A server clock far ahead of ours must not keep failures for ever.
    if (until <= nowSeconds || changedAt > nowSeconds + FAILURE_SHOWN_SECONDS) return false;
    shownUntil.push(until);
    return true;
  };
  for (const image of images.values()) {
    const kept = keptBuilds(image, wishes.images.has(image.image));
    const current = currentBuild(image);
    for (const build of image.builds.values()) {
      const around = { image, build, kept: kept.has(build.key.build), inProgress: build === current, shown };
      actions.push(
        ...[...wishes.providers.values()].flatMap((it) => planUploadsOf(it, around)),
        ...planBuild(around, wishes),
      );
    }
  }
  return { actions, nextAt: shownUntil.length === 0 ? undefined : Math.min(...shownUntil) };
}

interface Around {
  readonly image: ImageSnapshot;
  readonly build: BuildSnapshot;
  readonly kept: boolean;
  readonly inProgress: boolean;
  readonly shown: (changedAt: number) => boolean;
}

/**
 * The build that the holder of the image's build lock may be working on: the newest `building` record, because the record is
 * made under the lock. Any older one is stale for certain, even while the image is being built again.
 */
function currentBuild(image: ImageSnapshot): BuildSnapshot | undefined {
  if (!image.buildLocked) return undefined;
  return [...image.builds.values()]
    .filter((it) => it.record?.state === 'building')
    .sort((a, b) => b.createdAt - a.createdAt)[0];
}

function planUploadsOf(provider: ProviderWish, around: Around): CleanupAction[] {
  const { image, build, kept, inProgress } = around;
  const place = build.providers.get(provider.name);
  // Below a build that is there but cannot be read nothing is touched: it may come from a newer release.
  if (place === undefined || isUnreadable(build)) return [];
  const listed = provider.diskImages.has(image.image);
  if (listed && inProgress) return [];
  const keep = (it: UploadSnapshot): CleanupReason | undefined => {
    if (!listed) return 'image-removed';
    if (kept) return isRepeated(it, place) ? 'superseded' : undefined;
    if (build.record?.state === 'deleting') return 'build-deleting';
    return recentUploads(image, provider).has(`${it.key.build}/${it.key.upload}`) ? undefined : 'superseded';
  };
  return [...place.uploads.values()].flatMap((it) => planUpload(it, place, keep(it), around.shown));
}

/** Uploads made again on request pile up while their build is kept: like builds, the newest and the previous one stay. */
function isRepeated(upload: UploadSnapshot, place: ProviderSnapshot): boolean {
  if (upload.record?.state !== 'ready') return false;
  const { stateTime } = upload.record;
  const newer = [...place.uploads.values()].filter(
    ({ record }) => record?.state === 'ready' && record.stateTime > stateTime,
  );
  return newer.length >= KEPT_UPLOADS;
}

function isUnreadable(build: BuildSnapshot): boolean {
  return build.record === undefined && build.broken !== 'empty';
}

function planUpload(
  upload: UploadSnapshot,
  place: ProviderSnapshot,
  unwanted: CleanupReason | undefined,
  shown: Around['shown'],
): CleanupAction[] {
  const { key, record, broken } = upload;
  if (broken === 'empty') return place.locked ? [] : [{ kind: 'drop-upload', upload: key, reason: 'empty' }];
  switch (record?.state) {
    case undefined:
      return [];
    case 'deleting':
      return [{ kind: 'remove-upload', upload: key }];
    case 'uploading':
      return place.locked ? [] : [{ kind: 'drop-upload', upload: key, reason: 'interrupted' }];
    case 'failed':
      if (unwanted === undefined || unwanted === 'superseded') {
        return shown(upload.changedAt) ? [] : [{ kind: 'mark-upload', upload: key, reason: 'failed' }];
      }
      return [{ kind: 'mark-upload', upload: key, reason: unwanted }];
    case 'ready':
      return unwanted === undefined ? [] : [{ kind: 'mark-upload', upload: key, reason: unwanted }];
  }
}

function planBuild(around: Around, wishes: ImageWishes): CleanupAction[] {
  const { image, build, kept, inProgress, shown } = around;
  if (kept || inProgress) return [];
  const uploads = [...build.providers.values()].flatMap((it) => [...it.uploads.values()]);
  if (build.broken === 'empty') {
    return uploads.length > 0 || shown(build.createdAt) ? [] : [{ kind: 'remove-build', build: build.key }];
  }
  if (build.record === undefined) return [];
  if (build.record.state === 'deleting') {
    return uploads.length === 0 ? [{ kind: 'remove-build', build: build.key }] : [];
  }
  if (uploads.some((it) => it.record?.state !== 'deleting')) return [];
  const listed = wishes.images.has(image.image);
  if (build.record.state === 'failed' && listed && shown(build.changedAt)) return [];
  const reason = reasonToRetire(build.record.state, listed);
  return [
    { kind: 'mark-build', build: build.key, reason, probe: build.record.state === 'building' && !image.buildLocked },
  ];
}

function reasonToRetire(state: 'building' | 'ready' | 'failed', listed: boolean): CleanupReason {
  if (state === 'building') return 'interrupted';
  if (!listed) return 'image-removed';
  return state === 'failed' ? 'failed' : 'superseded';
}
