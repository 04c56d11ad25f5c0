import type { ImageSnapshots } from './image-snapshot';

/** An image at a provider, as far as it matters here. */
export interface CloudImageSnapshot {
  readonly externalId: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Metadata of cloud images (builder.md 8.2); the last is ours: tells installations that share a cloud account apart. */
export const INSTALLATION_ID = 'nodepool_installation_id';

/** Whose images are looked at: others' are never touched. */
export interface ImageOwner {
  readonly provider: string;
  /** `installation-id` of the configuration; undefined: images without one. */
  readonly installation: string | undefined;
}

/**
 * The cloud images that carry our metadata and that no upload record knows: left by a builder that died during an upload, or
 * by a record that went before its image (builder.md 8.2, 15). The record always precedes the image, so one that is seen
 * without its record in two looks, some time apart, has none.
 */
export function findImageOrphans<I extends CloudImageSnapshot>(
  owner: ImageOwner,
  cloud: readonly I[],
  images: ImageSnapshots,
): readonly I[] {
  const { provider } = owner;
  return cloud.filter(({ metadata }) => {
    const { nodepool_provider_name: name, nodepool_build_id: build, nodepool_upload_id: upload } = metadata;
    if (
      name !== provider ||
      metadata[INSTALLATION_ID] !== owner.installation ||
      build === undefined ||
      upload === undefined
    )
      return false;
    return ![...images.values()].some(
      (it) => it.builds.get(build)?.providers.get(provider)?.uploads.has(upload) === true,
    );
  });
}
