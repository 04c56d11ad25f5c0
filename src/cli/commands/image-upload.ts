import { awaitUploads, knownRecords } from '../await-uploads';
import type { Command } from '../context';
import { CommandError } from '../failure';
import { imageTargets } from '../image-targets';

/** cli.md 10.2: uploads the latest build once more, to one provider or to all that use it, and waits unless told not to. */
export const run: Command = async (context, args, options) => {
  const targets = imageTargets(context.config(), args);
  const { images } = await context.store();
  const view = images.view();
  await view.ready(context.signal);
  const image = view.images.get(targets.image);
  const known = knownRecords(image);
  const isBuilt = [...(image?.builds.values() ?? [])].some((it) => it.record?.state === 'ready');
  if (!isBuilt) throw new CommandError(`image ${targets.image} has no build to upload`);
  for (const provider of targets.providers) await images.requestUpload(targets.image, provider);
  if (options['wait'] === false) return 0;
  await awaitUploads(view, targets, { known }, context.signal, (provider) => {
    void context.print(`${targets.image} uploaded to ${provider}\n`);
  });
  return 0;
};
