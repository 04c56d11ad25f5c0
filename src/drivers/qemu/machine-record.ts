import { z } from 'zod';

/**
 * The sidecar record of a machine, `machine.json` in its folder:
 *
 *     reserved -> started -> (folder removed)
 *         \---------\-> deleting -/
 *
 * `reserved` holds its share of the quota and its port; its process may or may not exist, for whoever started it may have
 * died in between: the `uuid` on the command line tells. Who changes a record holds the machine's lock.
 */
const schema = z.object({
  version: z.literal(1),
  name: z.string(),
  uuid: z.string(),
  phase: z.enum(['reserved', 'started', 'deleting']),
  /** UNIX seconds. */
  createdTime: z.number(),
  port: z.number(),
  guestPort: z.number(),
  image: z.object({ path: z.string(), format: z.enum(['qcow2', 'raw']) }),
  diskGib: z.number().optional(),
  resources: z.record(z.string(), z.number()),
  metadata: z.record(z.string(), z.string()),
  process: z.object({ pid: z.number(), startTicks: z.number(), bootId: z.string() }).optional(),
});

export type MachineRecord = z.infer<typeof schema>;

/** Throws on anything that is not a record of this version. */
export function parseMachineRecord(text: string): MachineRecord {
  return schema.parse(JSON.parse(text));
}

export function printMachineRecord(record: MachineRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Names become folders, so they are letters, digits, `-`, `_` and `.`, beginning with a letter or digit. */
export function isMachineName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name);
}

/** `<name>.<first part of the uuid>`: a machine launched again under an old name is another instance. */
export function externalIdOf(record: MachineRecord): string {
  return `${record.name}.${record.uuid.slice(0, 8)}`;
}

/** The name within an external id; undefined if it is none of ours. */
export function nameInExternalId(externalId: string): string | undefined {
  const match = /^(.+)\.[0-9a-f]{8}$/.exec(externalId);
  return match !== null && isMachineName(match[1]!) ? match[1] : undefined;
}
