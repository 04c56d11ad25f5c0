import type { View } from '../../views/column';
import {
  providerImagesView,
  type ProviderBuildRow,
  type ProviderNodeRow,
  providerNodesView,
} from '../../views/provider-info';
import { jsonText, yamlText } from '../../views/serialize';
import { tableText } from '../../views/table';
import type { Command, Options } from '../context';

/** cli.md 4.13. */
export const run: Command = async (context, [provider = ''], options) => {
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
  await context.print(textIn[formatOf(options)](provider, providerImagesView(builds), providerNodesView(own)));
  return 0;
};

type Format = 'table' | 'json' | 'yaml';
type Printer = (provider: string, images: View<ProviderBuildRow>, nodes: View<ProviderNodeRow>) => string;

const textIn: Readonly<Record<Format, Printer>> = {
  table: (provider, images, nodes) =>
    `ZooKeeper data for provider ${provider}\n\n` +
    `Image data:\n${tableText(images)}\n` +
    `Nodes:\n${tableText(nodes)}`,
  json: (provider, images, nodes) =>
    `{"provider": ${JSON.stringify(provider)},\n"images": ${jsonText(images)},"nodes": ${jsonText(nodes)}}\n`,
  yaml: (provider, images, nodes) =>
    `provider: ${JSON.stringify(provider)}\nimages:\n${indented(yamlText(images))}nodes:\n${indented(yamlText(nodes))}`,
};

const indented = (text: string) => text.replace(/^(?=.)/gm, '  ');

function formatOf({ format }: Options): Format {
  return (format as Format | undefined) ?? 'table';
}
