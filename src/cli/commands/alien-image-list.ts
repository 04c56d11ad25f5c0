import { type AlienImageRow, alienImagesView } from '../../views/aliens';
import type { ProviderConfig } from '../../config/types';
import type { CloudImage } from '../../drivers/driver';
import type { UploadEntry } from '../../store/api';
import { allUploads } from '../all-uploads';
import { answered, askProviders, chosenProviders } from '../clouds';
import type { Command } from '../context';
import { showList } from '../lists/show-list';

const POLL_SECONDS = 30;

/** cli.md 4.8: what a builder uploaded and no READY upload knows. */
export const run: Command = (context, [name], options) => {
  const configs = chosenProviders(context, name);
  return showList(context, options, {
    shape: alienImagesView([]),
    pollSeconds: POLL_SECONDS,
    async read() {
      const { images } = await context.store();
      const asked = await askProviders(context, configs, (provider) =>
        provider.images === undefined ? Promise.resolve([]) : provider.images.list(context.signal),
      );
      const ready = allUploads(await images.read('uploads')).filter((it) => it.record?.state === 'ready');
      const rows = answered(context, asked).flatMap(({ config, answer }) => aliensOf(config, answer, ready));
      return () => alienImagesView(rows);
    },
  });
};

function aliensOf(
  { name, diskImages }: ProviderConfig,
  cloud: readonly CloudImage[],
  ready: readonly UploadEntry[],
): readonly AlienImageRow[] {
  const own = ready.filter(({ key }) => key.provider === name && diskImages.has(key.image));
  const known = new Set(own.map((it) => it.record?.externalId));
  return cloud
    .filter((it) => it.metadata['nodepool_build_id'] !== undefined && !known.has(it.externalId))
    .map((it) => ({ provider: name, ...it }));
}
