import type { z } from 'zod';
import { flag, integer, text } from '../config/schema-atoms';

/**
 * Keys that several drivers share, to be spread into their mappings. A driver's schema describes its whole provider
 * section, common keys included:
 *
 *     mapping({ ...providerKeys, ...launchKeys(60), pools: z.array(mapping({ ...poolKeys, … })).default([]) })
 *
 * Keys of OpenStack and of what imitates it are in `openstack-parts.ts`.
 */
export * from '../config/provider-keys';
export * from '../config/schema-atoms';

/** Of providers that launch instances (drivers.md 2). */
export const launchKeys = (bootTimeoutSeconds: number) =>
  ({
    'launch-retries': integer().default(3).describe('Attempts in total before the launch counts as failed.'),
    'launch-timeout': integer().default(3600).describe('Seconds for one attempt, from creation to scanned host keys.'),
    'boot-timeout': integer().default(bootTimeoutSeconds).describe('Seconds for the scan of the host keys.'),
  }) satisfies z.ZodRawShape;

/** How the scheduler connects to a node made from an image. */
export const connectionKeys = {
  'connection-type': text().default('ssh').describe('How the scheduler connects: ssh, winrm, network_cli, …'),
  'connection-port': integer().optional().describe('Default 22; 5986 for winrm.'),
} satisfies z.ZodRawShape;

/** Of diskimages that are uploaded. */
export const uploadKeys = {
  validate: text()
    .optional()
    .describe('Not in Python. Command that must succeed against a node made from an upload before others are.'),
} satisfies z.ZodRawShape;

/** What runs Ansible modules on a node made from an image. */
export const interpreterKeys = {
  'python-path': text().default('auto').describe('Interpreter for Ansible modules; "auto" lets Ansible look for it.'),
  'shell-type': text().optional().describe('Shell for Ansible where it is not the usual one, e.g. cmd or powershell.'),
} satisfies z.ZodRawShape;

/** Limits of a pool besides `max-servers` (launcher.md 12). */
export const poolLimitKeys = {
  'max-cores': integer().optional().describe('Virtual processors in use at a time.'),
  'max-ram': integer().optional().describe('Memory in use at a time, MiB.'),
} satisfies z.ZodRawShape;

export const hostKeyChecking = () =>
  flag().optional().describe('False: no host key scan, and nodes are handed out without keys.');
