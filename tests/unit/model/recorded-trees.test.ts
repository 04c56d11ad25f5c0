import { parseComponent, printComponent } from '../../../src/model/component-record';
import { parseBuild, parseUpload, printBuild, printUpload } from '../../../src/model/image-records';
import { parseNode, printNode } from '../../../src/model/node-record';
import { classifyPath } from '../../../src/model/path-kinds';
import { parseRequest, printRequest } from '../../../src/model/request-record';
import { canonical, readExport, readTrace, readTree, treeNames } from '../../support/fixture-tree';

type RoundTrip = (data: Buffer) => Buffer;
const ROUND_TRIPS: Readonly<Record<string, RoundTrip>> = {
  build: (data) => printBuild(parseBuild(data)),
  upload: (data) => printUpload(parseUpload(data)),
  node: (data) => printNode(parseNode(data)),
  request: (data) => printRequest(parseRequest(data)),
  component: (data) => printComponent(parseComponent(data)),
};

/** What a rewrite is documented to change: `id` goes from nodes, defaults of missing keys appear. */
function expected(kind: string, data: string): string {
  const json = JSON.parse(canonical(data)) as Record<string, unknown>;
  if (kind === 'node') delete json['id'];
  if (kind === 'request') for (const [key, value] of REQUEST_DEFAULTS) json[key] ??= value;
  return JSON.stringify(Object.fromEntries(Object.entries(json).sort(([one], [other]) => (one < other ? -1 : 1))));
}
const REQUEST_DEFAULTS: readonly [string, unknown][] = [
  ['declined_by', []],
  ['nodes', []],
  ['reuse', true],
];

const trees = treeNames();

test('there are recorded trees', () => {
  expect(trees.length).toBeGreaterThanOrEqual(43);
});

describe.each(trees)('%s', (name) => {
  const tree = readTree(name);

  test('every path is known, and every znode with data is a record or a contender', () => {
    for (const { path, data, isJson } of tree) {
      const { kind } = classifyPath(path);
      if (isJson) expect([path, kind in ROUND_TRIPS]).toEqual([path, true]);
      else if (data !== '') expect([path, kind]).toEqual([path, 'contender']);
      else expect([path, kind in ROUND_TRIPS]).toEqual([path, false]);
    }
  });

  test('every record comes out as it went in, digit for digit', () => {
    for (const { path, data, isJson } of tree) {
      if (!isJson) continue;
      const { kind } = classifyPath(path);
      const printed = ROUND_TRIPS[kind]!(Buffer.from(data)).toString();
      expect([path, canonical(printed)]).toEqual([path, expected(kind, data)]);
    }
  });
});

test('every record that was written during the recording comes out as it went in', () => {
  const writes = readTrace();
  expect(writes.length).toBeGreaterThan(150);
  for (const { path, data } of writes) {
    const { kind } = classifyPath(path);
    if (!(kind in ROUND_TRIPS)) throw new Error(`not a record: ${path}`);
    const printed = ROUND_TRIPS[kind]!(Buffer.from(data)).toString();
    expect([path, canonical(printed)]).toEqual([path, expected(kind, data)]);
  }
});

test('exported image data is records and flags', () => {
  for (const [path, data] of Object.entries(readExport())) {
    const { kind } = classifyPath(path);
    if (kind === 'pause') expect(data).toBe('');
    else expect(ROUND_TRIPS[kind]!(Buffer.from(data)).toString()).toBe(data);
  }
});
