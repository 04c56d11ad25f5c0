import { providerImagesView, providerNodesView } from '../../views/provider-info';
import { tableText } from '../../views/table';
import type { Command } from '../context';

/** cli.md 4.13. */
export const run: Command = async (context, [provider = '']) => {
  const store = await context.store();
  const [images, nodes] = await Promise.all([store.images.read('uploads'), store.nodes.read()]);
  const builds = [...images.values()].flatMap((image) =>
    [...image.builds.values()].flatMap((build) => {
      const entry = build.providers.get(provider);
      if (entry === undefined) return [];
      return [{ image: image.image, build: build.key.build, uploads: [...entry.uploads.keys()] }];
    }),
  );
  const own = [...nodes.values()].flatMap(({ id, record }) =>
    record?.provider === provider ? [{ id, externalId: record.externalId }] : [],
  );
  await context.print(
    `ZooKeeper data for provider ${provider}\n\n` +
      `Image data:\n${tableText(providerImagesView(builds))}\n` +
      `Nodes:\n${tableText(providerNodesView(own))}`,
  );
  return 0;
};
