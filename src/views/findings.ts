import type { Json } from '../model/json';
import type { View } from './column';

export const PROBLEMS = [
  'instance without node',
  'instance not of its node',
  'node without instance',
  'image without upload',
  'upload without image',
  'machine without node',
  'node without machine',
  'node without slot',
  'configured twice',
  'not used',
  'provider not configured',
] as const;

/** Something that the clouds, or the configured machines, and the records do not agree on. */
export interface Finding {
  readonly provider: string;
  /** `instance`, `node`, `image`, `upload`, `machine`, or what the driver calls it: `ports`. */
  readonly resource: string;
  readonly id: Json;
  readonly name: string | null;
  readonly problem: (typeof PROBLEMS)[number];
  readonly detail: string;
}

/** By provider, as they were found. */
export function findingsView(rows: readonly Finding[]): View<Finding> {
  return {
    columns: [
      { header: 'Provider', field: 'provider', value: (it) => it.provider },
      { header: 'Resource', field: 'resource', value: (it) => it.resource },
      { header: 'ID', field: 'id', value: (it) => it.id },
      { header: 'Name', field: 'name', value: (it) => it.name },
      { header: 'Problem', field: 'problem', value: (it) => it.problem },
      { header: 'Detail', field: 'detail', value: (it) => it.detail },
    ],
    rows,
  };
}
