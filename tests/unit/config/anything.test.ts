import { fc, runs } from '../../support/property';
import { dump } from 'js-yaml';
import { parse } from './schemas';

const KEYS = [
  'webapp',
  'zookeeper-servers',
  'zookeeper-tls',
  'diskimages',
  'labels',
  'providers',
  'pools',
  'nodes',
  'cloud-images',
  'tenant-resource-limits',
  'name',
  'driver',
  'parent',
  'elements',
  'env-vars',
  'host',
  'port',
  'max-servers',
  'min-ready',
  'type',
  'anything',
];
const leaf = fc.oneof(
  fc.constantFrom(null, true, 0, 1.5, -1, '', 'x', 'fake', 'static', 'metastatic', 'kubernetes', 'aws', 'gce'),
  fc.string(),
);
const { node } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'medium' },
    leaf,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('node'), { maxKeys: 5 }),
  ),
}));
const file = fc.dictionary(fc.constantFrom(...KEYS), node, { minKeys: 1, maxKeys: 6 });

test('whatever a file holds, it is answered with a configuration or with what is wrong', () => {
  fc.assert(
    fc.property(file, (value) => {
      const { config, problems } = parse(dump(value));
      const hasError = problems.some((it) => it.atLoad === 'error');
      expect(config === undefined).toBe(hasError);
      for (const it of problems) expect(it.message).not.toBe('');
    }),
    runs(500),
  );
});
