import { z } from 'zod';
import { openStackSection } from '../openstack-parts';
import { accountOptions } from './options';

/** The `fake:` mapping of a provider section: where the simulated cloud is, and how it behaves. */
export const fakeOptions = z.strictObject({
  ...accountOptions.shape,
  endpoint: z
    .string()
    .optional()
    .describe(
      'The cloud: unix:<path> or http://127.0.0.1:<port>. Default: $NODEPOOL_FAKE_CLOUD, else one of the state folder.',
    ),
  'state-dir': z
    .string()
    .optional()
    .describe('Folder of the cloud that is started if none is named; whoever uses the same folder shares it.'),
  account: z.string().min(1).optional().describe('Account at the cloud; the name of the provider if absent.'),
  'image-format': z
    .string()
    .optional()
    .describe('Format of uploads; default: image_format of the entry of clouds.yaml, else qcow2.'),
  'request-timeout': z.number().positive().default(60).describe('Seconds after which a call counts as lost.'),
});
export type FakeOptions = z.infer<typeof fakeOptions>;

/** drivers.md 6: the keys of openstack, whose cloud configuration is not checked, and our own under `fake`. */
export const fakeSchema = openStackSection({
  provider: {
    fake: fakeOptions.optional().describe('How the simulated cloud behaves. Python ignores it when loading.'),
  },
});
