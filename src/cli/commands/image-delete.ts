import type { Command } from '../context';

/** cli.md 4.12. */
export const run: Command = async (context, _args, options) => {
  const text = (key: string) => String(options[key]);
  const key = { image: text('image'), build: text('buildId'), provider: text('provider'), upload: text('uploadId') };
  const outcome = await (await context.store()).images.markUploadDeleting(key);
  if (outcome === 'not-found') await context.print('Image upload not found\n');
  if (outcome === 'in-progress') await context.print('Cannot delete because image upload in progress\n');
  return 0;
};
