import { z } from 'zod';
import { nearestKey } from '../../../src/config/nearest-key';

const schema = z.strictObject({ port: z.number(), 'min-ready': z.number().optional(), name: z.string() });

test.each([
  ['two letters that changed places', 'prot', 'port'],
  ['two letters that changed places at the end', 'potr', 'port'],
  ['a letter too few', 'min-redy', 'min-ready'],
  ['an underscore', 'min_ready', 'min-ready'],
  ['capital letters', 'Port', 'port'],
  ['two letters of four', 'tropo', undefined],
  ['another word', 'colour', undefined],
])('%s', (_title, key, meant) => {
  expect(nearestKey(schema, [], key)).toBe(meant);
});
