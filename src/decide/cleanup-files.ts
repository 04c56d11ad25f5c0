import type { BuildKey } from '../model/paths';
import { buildName, fileSuffix, type LocalFiles } from './image-files';
import { type BuildSnapshot, type ImageSnapshots, type ImageWishes, isUploaded } from './image-snapshot';

export type FileAction =
  | { readonly kind: 'delete-files'; readonly build: BuildKey; readonly reason: 'no-record' | 'deleting' }
  /** `delete-after-upload` (builder.md 9.4). */
  | { readonly kind: 'prune-formats'; readonly build: BuildKey; readonly formats: readonly string[] };

/**
 * What is to go from the folder of images (builder.md 9 step 3). Whether a build is ours is decided by its files being here,
 * nothing else. Files of a record that is there but cannot be read are kept: it may come from a newer release, and a build
 * that is lost by mistake takes hours to make again.
 */
export function planFileCleanup(wishes: ImageWishes, images: ImageSnapshots, files: LocalFiles): readonly FileAction[] {
  return [...files.values()].flatMap(({ key, formats }): FileAction[] => {
    const build = images.get(key.image)?.builds.get(key.build);
    if (build === undefined || build.broken === 'empty')
      return [{ kind: 'delete-files', build: key, reason: 'no-record' }];
    if (build.record?.state === 'deleting') return [{ kind: 'delete-files', build: key, reason: 'deleting' }];
    if (build.record?.state !== 'ready') return [];
    const unneeded = unneededFormats(wishes, build, formats);
    return unneeded.length === 0 ? [] : [{ kind: 'prune-formats', build: key, formats: unneeded }];
  });
}

/** Local formats of a READY build that are neither to be kept nor still to be uploaded anywhere. */
function unneededFormats(wishes: ImageWishes, build: BuildSnapshot, local: ReadonlySet<string>): string[] {
  const wish = wishes.images.get(build.key.image);
  if (wish?.config.deleteAfterUpload !== true) return [];
  const listing = [...wishes.providers.values()].filter((it) => it.diskImages.has(build.key.image));
  // A provider whose format is not known now may want any of them.
  if (listing.some((it) => it.format === undefined && !isUploaded(build, it.name))) return [];
  const waiting = listing.filter((it) => !isUploaded(build, it.name)).map((it) => it.format ?? '');
  const needed = new Set([...wish.config.keepFormats, ...waiting].map(fileSuffix));
  return [...local].filter((it) => !needed.has(it)).sort();
}

/** Builds whose temporary folder may be cleared: not running here, and not in progress by what the tree says. */
export function isAbandonedBuild(images: ImageSnapshots, key: BuildKey): boolean {
  const image = images.get(key.image);
  const build = image?.builds.get(key.build);
  if (image === undefined || build?.record?.state !== 'building') return true;
  if (!image.buildLocked) return true;
  return [...image.builds.values()].some((it) => it.record?.state === 'building' && it.createdAt > build.createdAt);
}

/** For logs. */
export function fileActionName(action: FileAction): string {
  return `${action.kind} ${buildName(action.build)}`;
}
