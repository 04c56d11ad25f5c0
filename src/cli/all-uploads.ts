import type { ImageEntry, UploadEntry } from '../store/api';
import { byName } from './by-name';

/** Every upload: by image and provider, builds and uploads as the server has them (cli.md 4.3). */
export function allUploads(images: ReadonlyMap<string, ImageEntry>): readonly UploadEntry[] {
  return byName(images).flatMap((image) =>
    [...image.builds.values()].flatMap((build) =>
      byName(build.providers).flatMap((provider) => [...provider.uploads.values()]),
    ),
  );
}
