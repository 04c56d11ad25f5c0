import type { UploadKey } from '../../model/paths';
import type { ImageEntry } from '../../store/api';
import { allUploads } from '../all-uploads';
import type { Command, Options } from '../context';
import { CommandError, UsageError } from '../failure';

/** cli.md 4.12; with an id as before 0.4 (cli.md 10.3), which is now what the provider calls the image. */
export const run: Command = async (context, [id], options) => {
  const given = givenParts(options);
  if (id === undefined) requireAll(given);
  const { images } = await context.store();
  const key = id === undefined ? (given as UploadKey) : findUpload(await images.read('uploads'), id, given);
  const outcome = key === undefined ? 'not-found' : await images.markUploadDeleting(key);
  if (outcome === 'not-found') await context.print('Image upload not found\n');
  if (outcome === 'in-progress') await context.print('Cannot delete because image upload in progress\n');
  return 0;
};

const FLAGS = { provider: '--provider', image: '--image', upload: '--upload-id', build: '--build-id' } as const;

function givenParts(options: Options): Partial<UploadKey> {
  const text = (key: string) => (typeof options[key] === 'string' ? options[key] : undefined);
  const parts = {
    image: text('image'),
    build: text('buildId'),
    provider: text('provider'),
    upload: text('uploadId'),
  };
  return Object.fromEntries(Object.entries(parts).filter(([, it]) => it !== undefined));
}

function requireAll(given: Partial<UploadKey>): void {
  const missing = Object.entries(FLAGS).filter(([key]) => given[key as keyof UploadKey] === undefined);
  if (missing.length === 0) return;
  throw new UsageError(`the following arguments are required: ${missing.map(([, flag]) => flag).join(', ')}`);
}

/** The one upload whose image the provider knows by this id or name; undefined if there is none. */
function findUpload(
  images: ReadonlyMap<string, ImageEntry>,
  id: string,
  given: Partial<UploadKey>,
): UploadKey | undefined {
  const found = allUploads(images).filter(
    ({ key, record }) =>
      (record?.externalId === id || record?.externalName === id) &&
      Object.entries(given).every(([part, value]) => key[part as keyof UploadKey] === value),
  );
  if (found.length <= 1) return found[0]?.key;
  const places = found.map(({ key }) => `${key.provider} ${key.build} ${key.upload}`).join('; ');
  throw new CommandError(
    `${found.length} images are called ${id} (${places}): say which with --provider or --build-id`,
  );
}
