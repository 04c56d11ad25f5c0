import type { Command } from '../context';
import { CommandError } from '../failure';
import { buildAndWait } from '../wait-build/wait';

/** cli.md 4.7. With `--wait` it ends with the build and its uploads. */
export const run: Command = async (context, [image = ''], options) => {
  const config = context.config();
  const diskImage = config.diskImages.get(image);
  if (diskImage === undefined) throw new CommandError(`Trying to build a non disk-image-builder image: ${image}`);
  if (diskImage.pause) throw new CommandError(`Skipping build request for image ${image}; paused`);
  if (options['wait'] === true) return buildAndWait(context, config, image);
  await (await context.store()).images.requestBuild(image);
  return 0;
};
