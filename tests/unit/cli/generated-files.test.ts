import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from '../../../src/cli/write-reference';
import { configJsonSchema } from '../../../src/config/json-schema';
import { parseConfig } from '../../../src/config/parse';
import { drivers } from '../../../src/drivers/registry';

const root = join(__dirname, '..', '..', '..');

test.each([...generatedFiles()])('%s is what "npm run schema" writes', (file, text) => {
  expect(readFileSync(join(root, file), 'utf8')).toBe(text);
});

test('the sample configuration has nothing wrong with it', () => {
  const file = join(root, 'etc/nodepool.yaml');
  const { config, problems } = parseConfig({ file, text: readFileSync(file, 'utf8') }, undefined, {}, drivers);
  expect(problems).toEqual([]);
  expect(config?.labels.get('debian-12')?.pools).toEqual([{ provider: 'lab', pool: 'main' }]);
});

test('no key is without a sentence', () => {
  const silent: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const { properties } = value as { properties?: Record<string, { description?: string }> };
    // Conditions and alternatives of JSON Schema name keys without describing them; so do drivers that are not here.
    if (!/\/(if|not|allOf|anyOf|foreign-provider|provider)(\/|$)/.test(path)) {
      for (const [key, it] of Object.entries(properties ?? {})) {
        if (!it.description) silent.push(`${path}/${key}`);
      }
    }
    for (const [key, it] of Object.entries(value)) walk(it, `${path}/${key}`);
  };
  walk(configJsonSchema(drivers), '');
  expect(silent).toEqual([]);
});
