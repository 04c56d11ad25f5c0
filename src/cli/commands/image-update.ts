import { awaitBuild, awaitUploads, knownRecords } from '../await-uploads';
import type { Command } from '../context';
import { CommandError } from '../failure';
import { imageTargets } from '../image-targets';

/** cli.md 10.2: builds the image, then waits, unless told not to, for its upload to one provider or to all that use it. */
export const run: Command = async (context, args, options) => {
  const config = context.config();
  const targets = imageTargets(config, args);
  if (config.diskImages.get(targets.image)!.pause) {
    throw new CommandError(`Skipping build request for image ${targets.image}; paused`);
  }
  const { images } = await context.store();
  if (options['wait'] === false) {
    await images.requestBuild(targets.image); // a new build is uploaded everywhere
    return 0;
  }
  const view = images.view();
  await view.ready(context.signal);
  const known = knownRecords(view.images.get(targets.image));
  await images.requestBuild(targets.image);
  const build = await awaitBuild(view, targets.image, known, context.signal);
  await context.print(`${targets.image}-${build} built\n`);
  await awaitUploads(view, targets, { known, build }, context.signal, (provider) => {
    void context.print(`${targets.image} uploaded to ${provider}\n`);
  });
  return 0;
};
