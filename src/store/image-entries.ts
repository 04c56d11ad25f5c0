import { parseBuild, parseUpload } from '../model/image-records';
import * as paths from '../model/paths';
import type { BuildEntry, BuildProviderEntry, ImageEntry, UploadEntry } from './api';
import { toEntry } from './entries';
import type { Snapshot } from './snapshot';

/** An image with all below it as seen in `tree`. Parts that did not change are those of `before`. */
export function imageEntry(tree: Snapshot, image: string, before: ImageEntry | undefined): ImageEntry | undefined {
  if (tree.get(paths.imagePath(image)) === undefined) return undefined;
  const lock = paths.imageBuildLock(image);
  const after: ImageEntry = {
    image,
    paused: tree.get(paths.pausePath(image)) !== undefined,
    buildRequestedAt: createdAt(tree, paths.requestBuildPath(image)),
    uploadRequests: uploadRequests(tree, image, before?.uploadRequests),
    buildLocked: tree.children(lock).length > 0,
    buildLockCreatedAt: createdAt(tree, lock),
    builds: collect(tree, paths.buildsPath(image), before?.builds, (build, known) =>
      buildEntry(tree, { image, build }, known),
    ),
  };
  return kept(before, after);
}

function buildEntry(tree: Snapshot, key: paths.BuildKey, before: BuildEntry | undefined): BuildEntry | undefined {
  const found = tree.get(paths.buildPath(key));
  if (found === undefined) return undefined;
  const after: BuildEntry = {
    key: before?.key ?? key,
    locked: tree.children(paths.buildNumberLock(key)).length > 0,
    providers: collect(tree, paths.buildProvidersPath(key), before?.providers, (provider, known) =>
      providerEntry(tree, key, provider, known),
    ),
    ...toEntry(found, parseBuild, before),
  };
  return kept(before, after);
}

function providerEntry(
  tree: Snapshot,
  build: paths.BuildKey,
  provider: string,
  before: BuildProviderEntry | undefined,
): BuildProviderEntry {
  const after: BuildProviderEntry = {
    locked: tree.children(paths.imageUploadLock(build, provider)).length > 0,
    uploads: collect(tree, paths.uploadsPath(build, provider), before?.uploads, (upload, known) =>
      uploadEntry(tree, { ...build, provider, upload }, known),
    ),
  };
  return kept(before, after);
}

function uploadEntry(tree: Snapshot, key: paths.UploadKey, before: UploadEntry | undefined): UploadEntry | undefined {
  const found = tree.get(paths.uploadPath(key));
  if (found === undefined) return undefined;
  const locked = tree.children(paths.uploadNumberLock(key)).length > 0;
  return kept(before, { key: before?.key ?? key, locked, ...toEntry(found, parseUpload, before) });
}

/** Entries of the children of `path` by name; the lock directory among them is none. The old map if all are the old ones. */
function collect<E>(
  tree: Snapshot,
  path: string,
  before: ReadonlyMap<string, E> | undefined,
  entryOf: (name: string, known: E | undefined) => E | undefined,
): ReadonlyMap<string, E> {
  const after = new Map<string, E>();
  for (const name of [...tree.children(path)].sort()) {
    const entry = name === 'lock' ? undefined : entryOf(name, before?.get(name));
    if (entry !== undefined) after.set(name, entry);
  }
  const isSame = before?.size === after.size && [...after].every(([name, entry]) => before.get(name) === entry);
  return isSame ? before! : after;
}

function uploadRequests(
  tree: Snapshot,
  image: string,
  before: ReadonlyMap<string, number> | undefined,
): ReadonlyMap<string, number> {
  const after = new Map<string, number>();
  for (const name of [...tree.children(paths.imagePath(image))].sort()) {
    if (!name.startsWith(paths.REQUEST_UPLOAD)) continue;
    const at = createdAt(tree, `${paths.imagePath(image)}/${name}`);
    if (at !== undefined) after.set(name.slice(paths.REQUEST_UPLOAD.length), at);
  }
  const isSame = before?.size === after.size && [...after].every(([name, at]) => before.get(name) === at);
  return isSame ? before : after;
}

/** `before` if it says the same, member by member. */
function kept<E extends object>(before: E | undefined, after: E): E {
  if (before === undefined) return after;
  const members = Object.entries(after) as [keyof E, unknown][];
  return members.every(([name, value]) => before[name] === value) ? before : after;
}

function createdAt(tree: Snapshot, path: string): number | undefined {
  const found = tree.get(path);
  return found === undefined ? undefined : found.stat.ctime / 1000;
}
