import * as paths from '../model/paths';
import type { ImageEntry, ImagesExtent } from './api';
import type { DirectSnapshot } from './direct-reads';
import { imageEntry } from './image-entries';

/** All images with everything below them: a few rounds of reads, one for each level of the tree. */
export async function readImages(
  snapshot: DirectSnapshot,
  extent: ImagesExtent,
): Promise<ReadonlyMap<string, ImageEntry>> {
  await snapshot.fetch([], [paths.IMAGES]);
  const images = snapshot.children(paths.IMAGES).filter(isRecord).sort();
  await snapshot.fetch(
    images.flatMap((it) => [
      paths.imagePath(it),
      paths.pausePath(it),
      paths.requestBuildPath(it),
      paths.imageBuildLock(it),
    ]),
    images.flatMap((it) => [paths.imagePath(it), paths.buildsPath(it), paths.imageBuildLock(it)]),
  );
  const flags = images.flatMap((image) =>
    snapshot.children(paths.imagePath(image)).map((it) => `${paths.imagePath(image)}/${it}`),
  );
  const builds = images.flatMap((image) =>
    snapshot
      .children(paths.buildsPath(image))
      .filter(isRecord)
      .map((build) => ({ image, build })),
  );
  await snapshot.fetch(
    [...flags.filter(isUploadRequest), ...builds.map(paths.buildPath)],
    builds.flatMap((it) => [
      ...(extent === 'all' ? [paths.buildNumberLock(it)] : []),
      ...(extent === 'builds' ? [] : [paths.buildProvidersPath(it)]),
    ]),
  );
  if (extent !== 'builds') await readUploads(snapshot, builds, extent === 'all');
  const entries = images.flatMap((it) => imageEntry(snapshot, it, undefined) ?? []);
  return new Map(entries.map((it) => [it.image, it]));
}

async function readUploads(
  snapshot: DirectSnapshot,
  builds: readonly paths.BuildKey[],
  withLocks: boolean,
): Promise<void> {
  const dirs = builds.flatMap((build) =>
    snapshot.children(paths.buildProvidersPath(build)).map((provider) => ({ build, provider })),
  );
  await snapshot.fetch(
    [],
    dirs.flatMap((it) => [
      paths.uploadsPath(it.build, it.provider),
      ...(withLocks ? [paths.imageUploadLock(it.build, it.provider)] : []),
    ]),
  );
  const uploads = dirs.flatMap(({ build, provider }) =>
    snapshot
      .children(paths.uploadsPath(build, provider))
      .filter(isRecord)
      .map((upload) => ({ ...build, provider, upload })),
  );
  await snapshot.fetch(uploads.map(paths.uploadPath), withLocks ? uploads.map(paths.uploadNumberLock) : []);
}

const isUploadRequest = (path: string) => path.slice(path.lastIndexOf('/') + 1).startsWith(paths.REQUEST_UPLOAD);
const isRecord = (name: string) => name !== 'lock';
