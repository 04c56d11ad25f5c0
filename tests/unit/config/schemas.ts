import type { DriverSchemas } from '../../../src/config/parse';
import { parseConfig } from '../../../src/config/parse';
import { awsSchema } from '../../../src/drivers/aws/schema';
import { kubernetesSchema } from '../../../src/drivers/kubernetes/schema';
import { metastaticSchema } from '../../../src/drivers/metastatic/schema';
import { openStackSection } from '../../../src/drivers/openstack-parts';
import { openStackSchema } from '../../../src/drivers/openstack/schema';
import { staticSchema } from '../../../src/drivers/static/schema';

/** The drivers whose sections can be told without their code. */
export const schemas: DriverSchemas = new Map([
  ['openstack', { schema: openStackSchema, managesImages: true }],
  ['fake', { schema: openStackSection(), managesImages: true }],
  ['static', { schema: staticSchema, managesImages: false }],
  ['metastatic', { schema: metastaticSchema, managesImages: false }],
  ['kubernetes', { schema: kubernetesSchema, managesImages: false }],
  ['aws', { schema: awsSchema, managesImages: true }],
]);

export interface Asked {
  readonly secure?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Parses a text as the file `main.yaml`, with `secure.yaml` beside it if given. */
export function parse(text: string, { secure, env = {} }: Asked = {}) {
  const extra = secure === undefined ? undefined : { file: 'secure.yaml', text: secure };
  return parseConfig({ file: 'main.yaml', text }, extra, env, schemas);
}
