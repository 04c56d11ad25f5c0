import type { Json } from '../model/json';
import type { View } from './column';

export interface ProviderBuildRow {
  readonly image: string;
  readonly build: string;
  readonly uploads: readonly string[];
}

export interface ProviderNodeRow {
  readonly id: string;
  readonly externalId: Json;
}

/** What the tree knows of a provider's images (cli.md 4.13). */
export function providerImagesView(rows: readonly ProviderBuildRow[]): View<ProviderBuildRow> {
  const key = (it: ProviderBuildRow) => `${it.image}\0${it.build}`;
  return {
    columns: [
      { header: 'Image Name', field: 'image', value: (it) => it.image },
      { header: 'Build ID', field: 'build_id', value: (it) => it.build },
      { header: 'Upload IDs', field: 'upload_ids', value: (it) => [...it.uploads].sort() },
    ],
    rows: [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1)),
  };
}

/** What the tree knows of a provider's nodes. */
export function providerNodesView(rows: readonly ProviderNodeRow[]): View<ProviderNodeRow> {
  return {
    columns: [
      { header: 'ID', field: 'id', value: (it) => it.id },
      { header: 'Server ID', field: 'server_id', value: (it) => it.externalId },
    ],
    rows,
  };
}
