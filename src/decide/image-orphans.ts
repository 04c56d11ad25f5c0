import type { ImageSnapshots } from './image-snapshot';

/** An image at a provider, as far as it matters here. */
export interface CloudImageSnapshot {
  readonly externalId: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The cloud images that carry our metadata and that no upload record knows: left by a builder that died during an upload, or
 * by a record that went before its image (builder.md 8.2, 15). The record always precedes the image, so one that is seen
 * without its record in two looks, some time apart, has none.
 */
export function findImageOrphans<I extends CloudImageSnapshot>(
  provider: string,
  cloud: readonly I[],
  images: ImageSnapshots,
): readonly I[] {
  return cloud.filter(({ metadata }) => {
    const { nodepool_provider_name: name, nodepool_build_id: build, nodepool_upload_id: upload } = metadata;
    if (name !== provider || build === undefined || upload === undefined) return false;
    return ![...images.values()].some(
      (it) => it.builds.get(build)?.providers.get(provider)?.uploads.has(upload) === true,
    );
  });
}
