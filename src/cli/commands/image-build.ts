import type { Command } from '../context';
import { CommandError } from '../failure';

/** cli.md 4.7. */
export const run: Command = async (context, [image = '']) => {
  const diskImage = context.config().diskImages.get(image);
  if (diskImage === undefined) throw new CommandError(`Trying to build a non disk-image-builder image: ${image}`);
  if (diskImage.pause) throw new CommandError(`Skipping build request for image ${image}; paused`);
  await (await context.store()).images.requestBuild(image);
  return 0;
};
