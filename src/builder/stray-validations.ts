import { INSTALLATION_ID } from '../decide/image-orphans';
import type { ImageSnapshots } from '../decide/image-snapshot';
import type { Instance } from '../drivers/driver';
import { NotFoundError } from '../drivers/errors';
import { logTrouble } from '../drivers/log-trouble';
import { type BuilderContext, settledImages } from './context';
import type { ConnectedImages } from './provider-connections';
import { VALIDATES } from './validation-metadata';

/**
 * Destroys instances that builders who died made to try an image: those of ours whose upload is not being made any more.
 * The record precedes the instance, so what is listed first and looked up then is a stray for certain. Returns how many
 * are left because somebody is, or seems to be, at work with them.
 */
export async function removeStrayValidations(
  context: BuilderContext,
  { config, provider }: ConnectedImages,
  signal: AbortSignal,
): Promise<number> {
  const { installationId } = context.config();
  const listed = (await provider.list(signal)).filter(
    ({ metadata, state }) =>
      metadata[VALIDATES] !== undefined &&
      metadata['nodepool_provider_name'] === config.name &&
      metadata[INSTALLATION_ID] === installationId &&
      state !== 'deleting',
  );
  if (listed.length === 0) return 0;
  const images = await settledImages(context, signal);
  const strays = listed.filter((it) => !isValidated(it, config.name, images));
  for (const it of strays) {
    context.tools.log.warn('instance of an interrupted validation is deleted', {
      provider: config.name,
      external_id: it.externalId,
    });
    await provider.destroy(it.externalId, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof NotFoundError) return;
      logTrouble(context.tools.log, 'warn', 'instance of a validation was not deleted', error, {
        provider: config.name,
      });
    });
  }
  return listed.length - strays.length;
}

/** Whether somebody is at the upload: its record says so, and its lock is held. */
function isValidated({ metadata }: Instance, provider: string, images: ImageSnapshots): boolean {
  const build = images.get(metadata[VALIDATES] ?? '')?.builds.get(metadata['nodepool_build_id'] ?? '');
  const uploads = build?.providers.get(provider);
  const record = uploads?.uploads.get(metadata['nodepool_upload_id'] ?? '')?.record;
  return record?.state === 'uploading' && uploads?.locked === true;
}
