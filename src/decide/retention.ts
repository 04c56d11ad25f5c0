import { type ImageSnapshot, type ProviderWish, readyBuilds } from './image-snapshot';

/** Newest READY builds of an image that are kept, and newest READY uploads of other builds per provider (builder.md 10). */
export const KEPT_BUILDS = 2;
export const KEPT_UPLOADS = 2;

/** Ids of the builds that stay whatever happens to their uploads: none if the image is not configured any more. */
export function keptBuilds(image: ImageSnapshot, configured: boolean): ReadonlySet<string> {
  if (!configured) return new Set();
  return new Set(
    readyBuilds(image)
      .slice(0, KEPT_BUILDS)
      .map((it) => it.entry.key.build),
  );
}

/**
 * `<build>/<upload>` of the uploads to one provider that stay though their build does not: the most recent READY ones over
 * all READY builds of the image. A provider that newer builds could not reach thus keeps its last working images.
 */
export function recentUploads(image: ImageSnapshot, provider: ProviderWish): ReadonlySet<string> {
  const ready = readyBuilds(image).flatMap(({ entry }) =>
    [...(entry.providers.get(provider.name)?.uploads.values() ?? [])].flatMap((it) =>
      it.record?.state === 'ready' ? [{ key: it.key, stateTime: it.record.stateTime }] : [],
    ),
  );
  return new Set(
    ready
      .sort((a, b) => b.stateTime - a.stateTime)
      .slice(0, KEPT_UPLOADS)
      .map((it) => `${it.key.build}/${it.key.upload}`),
  );
}
