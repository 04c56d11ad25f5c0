import type { z } from 'zod';
import { anyMap, integer, text } from './schema-atoms';

/** Of every provider (config.md 8). */
export const providerKeys = {
  name: text().describe(
    'Names the provider in records, logs and metrics. A name that begins with "fake" forces driver fake.',
  ),
  driver: text().default('openstack').describe('The cloud adapter.'),
  'max-concurrency': integer()
    .default(-1)
    .describe('Launches at a time over all pools. Negative: no limit; 0: the provider handles no requests.'),
  priority: integer().optional().describe('Providers with a lower number are asked first; 100 if not given.'),
} satisfies z.ZodRawShape;

/** Of every pool (config.md 9). */
export const poolKeys = {
  name: text().describe('Identifies the pool within the provider.'),
  'max-servers': integer()
    .optional()
    .describe('Nodes at a time; 0: the pool declines everything; less: its unused nodes are deleted, too.'),
  'node-attributes': anyMap().optional().describe('Copied into every node of the pool for the scheduler to read.'),
  priority: integer().optional().describe("Overrides the provider's priority."),
} satisfies z.ZodRawShape;
