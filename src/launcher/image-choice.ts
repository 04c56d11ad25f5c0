import type { PoolLabelConfig, ProviderConfig } from '../config/types';
import type { LaunchSpec } from '../drivers/driver';
import { uploadPath } from '../model/paths';
import type { ImageUpload } from '../model/records';
import type { UploadKey } from '../model/paths';
import type { ImagesView } from '../store/api';

export interface ReadyUpload {
  readonly key: UploadKey;
  readonly record: ImageUpload;
}

/** The READY upload of the image in the provider with the greatest `state_time` (launcher.md 15). */
export function newestReadyUpload(view: ImagesView, image: string, provider: string): ReadyUpload | undefined {
  let newest: ReadyUpload | undefined;
  for (const build of view.images.get(image)?.builds.values() ?? []) {
    for (const { key, record } of build.providers.get(provider)?.uploads.values() ?? []) {
      if (record?.state !== 'ready' || record.externalId === null) continue;
      if (newest === undefined || record.stateTime > newest.record.stateTime) newest = { key, record };
    }
  }
  return newest;
}

/** What a node takes from its image, as the configuration says now (drivers.md 2). */
export interface ImageChoice {
  readonly image: LaunchSpec['image'];
  /** `image_id` of the node: the upload's path, or the cloud image's name. */
  readonly imageId: string | null;
  readonly username: string | null;
  readonly pythonPath: string | null;
  readonly shellType: string | null;
  readonly connectionPort: number;
  readonly connectionType: string | null;
}

const NO_IMAGE: ImageChoice = {
  image: undefined,
  imageId: null,
  username: null,
  pythonPath: null,
  shellType: null,
  connectionPort: 22,
  connectionType: null,
};

/** Undefined when the label's image has no READY upload in the provider. */
export function chooseImage(
  label: PoolLabelConfig,
  provider: ProviderConfig,
  view: ImagesView,
): ImageChoice | undefined {
  if (label.diskImage !== undefined) return fromDiskImage(label.diskImage, provider, view);
  if (label.cloudImage === undefined) return NO_IMAGE;
  const image = provider.cloudImages.get(label.cloudImage);
  return {
    ...NO_IMAGE,
    ...(image === undefined
      ? {}
      : {
          username: image.username,
          pythonPath: image.pythonPath,
          shellType: image.shellType,
          connectionPort: image.connectionPort,
          connectionType: image.connectionType,
        }),
    image: { cloudImage: label.cloudImage },
    imageId: label.cloudImage,
  };
}

function fromDiskImage(diskImage: string, provider: ProviderConfig, view: ImagesView): ImageChoice | undefined {
  const upload = newestReadyUpload(view, diskImage, provider.name);
  const image = provider.diskImages.get(diskImage);
  if (upload === undefined || image === undefined) return undefined;
  return {
    image: { externalId: upload.record.externalId!, diskImage },
    imageId: uploadPath(upload.key),
    username: image.username,
    pythonPath: image.pythonPath,
    shellType: image.shellType,
    connectionPort: image.connectionPort,
    connectionType: image.connectionType,
  };
}
