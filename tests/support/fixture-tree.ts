import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { objectExtents } from '../../src/model/json-extents';
import { treeFixtures } from './fixtures';

/** A recorded znode. `data` is what the server held, digit for digit; empty where there was none. */
export interface RecordedZnode {
  readonly path: string;
  readonly data: string;
  readonly isJson: boolean;
  readonly ephemeral: boolean;
  readonly version: number;
}

/** Names of the recorded trees, in order of recording. */
export function treeNames(): string[] {
  return readdirSync(treeFixtures)
    .filter((it) => /^\d\d-.*\.json$/.test(it))
    .map((it) => it.slice(0, -'.json'.length))
    .sort();
}

/** All znodes of a recorded tree, parents before children. */
export function readTree(name: string): RecordedZnode[] {
  const items = readFileSync(join(treeFixtures, `${name}.json`), 'utf8')
    .split(/^ (?=\{$)/m)
    .slice(1);
  return items.map((item) => {
    const members = objectExtents(item);
    const of = (key: string) => JSON.parse(members.get(key)!) as unknown;
    const encoding = of('encoding');
    return {
      path: of('path') as string,
      data: encoding === 'json' ? onOneLine(members.get('data')!) : encoding === 'text' ? (of('data') as string) : '',
      isJson: encoding === 'json',
      ephemeral: of('ephemeral') as boolean,
      version: of('version') as number,
    };
  });
}

/** As Python wrote it; the files are indented for readers. */
function onOneLine(json: string): string {
  return json.replace(/,\n\s*/g, ', ').replace(/\n\s*/g, '');
}

/** Every record that was written during the recording. */
export function readTrace(): { readonly path: string; readonly data: string }[] {
  return readFileSync(join(treeFixtures, 'trace.json'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => objectExtents(line))
    .filter((it) => it.get('data')?.startsWith('{') && it.has('path') && !it.has('error'))
    .map((it) => ({ path: JSON.parse(it.get('path')!) as string, data: it.get('data')! }));
}

/** What `export-image-data` wrote: path to text. */
export function readExport(): Record<string, string> {
  return JSON.parse(readFileSync(join(treeFixtures, 'export-image-data.json'), 'utf8')) as Record<string, string>;
}

/**
 * JSON text reduced to what it means: keys sorted, blanks gone, every number with the digits it was written with. Two
 * texts say the same exactly if their canonical forms are equal.
 */
export function canonical(text: string): string {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (it) => (it.startsWith('"') ? it : `{"#":"${it}"}`));
  return JSON.stringify(JSON.parse(marked), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
}
