import { z } from 'zod';

/** Bodies of calls. Strict: a key that the cloud does not know is a mistake of the client, as at a real one. */
const metadata = z.record(z.string().min(1).max(255), z.string());

export const createServerBody = z.strictObject({
  name: z.string().min(1).max(63),
  /** Id or name. */
  flavor: z.string(),
  /** Id. */
  image: z.string(),
  zone: z.string().optional(),
  /** Ids or names. */
  networks: z.array(z.string()).default([]),
  metadata: metadata.default({}),
  key_name: z.string().optional(),
  security_groups: z.array(z.string()).default([]),
  user_data: z.string().optional(),
  config_drive: z.boolean().optional(),
  /** Boot from a volume of this size. */
  volume_gb: z.int().min(1).optional(),
  /** The name is a client token: a server of that name that still exists is the answer. */
  once: z.boolean().default(false),
});
export type CreateServerBody = z.infer<typeof createServerBody>;

export const createImageBody = z.strictObject({
  name: z.string().min(1),
  format: z.string().min(1),
  metadata: metadata.default({}),
});

/** What arrived, as the cloud counted it, and what the client said would arrive. */
export const imageDataBody = z.strictObject({
  size: z.int().min(0),
  sha256: z.string(),
  md5: z.string(),
  expected_sha256: z.string().optional(),
  expected_md5: z.string().optional(),
});

export const createFloatingIpBody = z.strictObject({ server: z.string() });
