import type { Json } from '../model/json';
import type { View } from './column';

/** A server that no record knows. */
export interface AlienRow {
  readonly provider: string;
  readonly hostname: string;
  readonly externalId: Json;
  readonly ip: string | undefined;
  readonly state: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Servers nobody accounts for (cli.md 10.2). */
export function aliensView(rows: readonly AlienRow[]): View<AlienRow> {
  return {
    columns: [
      { header: 'Provider', field: 'provider', value: (it) => it.provider },
      { header: 'Hostname', field: 'hostname', value: (it) => it.hostname },
      { header: 'Server ID', field: 'server_id', value: (it) => it.externalId },
      { header: 'IP', field: 'ip', value: (it) => it.ip },
    ],
    more: [
      { header: 'State', field: 'state', value: (it) => it.state },
      { header: 'Metadata', field: 'metadata', value: (it) => ({ ...it.metadata }) },
    ],
    rows,
  };
}

/** An image of ours that no READY upload knows. */
export interface AlienImageRow {
  readonly provider: string;
  readonly name: string;
  readonly externalId: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Images nobody accounts for (cli.md 4.8). */
export function alienImagesView(rows: readonly AlienImageRow[]): View<AlienImageRow> {
  return {
    columns: [
      { header: 'Provider', field: 'provider', value: (it) => it.provider },
      { header: 'Name', field: 'name', value: (it) => it.name },
      { header: 'Image ID', field: 'image_id', value: (it) => it.externalId },
    ],
    more: [{ header: 'Metadata', field: 'metadata', value: (it) => ({ ...it.metadata }) }],
    rows,
  };
}
