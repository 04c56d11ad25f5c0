import { z } from 'zod';
import {
  flag,
  integer,
  launchKeys,
  mapping,
  ONLY_LOAD,
  poolKeys,
  providerKeys,
  text,
  hostKeyChecking,
} from '../schema-parts';

/** drivers.md 8.1. */
const label = mapping({
  name: text().describe('Name of a top-level label.'),
  'backing-label': text().describe('Label of the nodes that are cut into slots.'),
  'max-parallel-jobs': integer().default(1).describe('Slots per backing node.'),
  'grace-time': integer().default(60).describe('Seconds a backing node may be idle before it is released.'),
  'min-retention-time': integer().default(0).describe('Seconds after its launch before which it is not released.'),
  'max-age': integer().optional().describe('Seconds after its launch from which it gets no more slots.'),
  'host-key-checking': hostKeyChecking(),
});

const pool = mapping(
  {
    ...poolKeys,
    'host-key-checking': flag().default(false).describe('Scan the host keys on every allocation.'),
    labels: z.array(label).optional().describe('Labels that the pool offers.'),
  },
  { required: ['labels'] },
);

/** Settings that all labels of one backing label share, for they describe the backing node. */
const BACKING = ['max-parallel-jobs', 'grace-time', 'min-retention-time', 'max-age', 'host-key-checking'] as const;

/** drivers.md 8. */
export const metastaticSchema = mapping(
  {
    ...providerKeys,
    ...launchKeys(120),
    pools: z.array(pool).optional().describe('Groups of nodes.'),
  },
  { required: ['pools'] },
).check((ctx) => {
  const first = new Map<string, z.infer<typeof label>>();
  for (const [poolIndex, { labels, 'host-key-checking': poolChecking }] of (ctx.value.pools ?? []).entries()) {
    for (const [labelIndex, it] of (labels ?? []).entries()) {
      const path = ['pools', poolIndex, 'labels', labelIndex];
      const report = (message: string, key: string) =>
        ctx.issues.push({
          code: 'custom',
          message,
          path: [...path, key],
          params: ONLY_LOAD,
          input: ctx.value,
          continue: true,
        });
      if ((it['max-age'] ?? Infinity) < it['min-retention-time']) {
        report('"max-age" must not be less than "min-retention-time"', 'max-age');
      }
      const effective = { ...it, 'host-key-checking': it['host-key-checking'] ?? poolChecking };
      const other = first.get(it['backing-label']);
      first.set(it['backing-label'], other ?? effective);
      for (const key of BACKING.filter((name) => other !== undefined && other[name] !== effective[name])) {
        report(`"${key}" differs between labels of the backing label "${it['backing-label']}"`, key);
      }
    }
  }
});
