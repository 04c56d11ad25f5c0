import { clampTop, pressed, renderTop, type TopScene } from '../../../src/cli/top/pages';
import { cut } from '../../../src/cli/screen';
import type { TreeParts } from '../../../src/cli/lists/tree-list';
import { newNode } from '../../../src/model/node-record';
import { newRequest } from '../../../src/model/request-record';

const META = { broken: undefined, version: 0, mzxid: 1n, createdAt: 900, changedAt: 900, locked: false };

function tree(nodes: number): TreeParts {
  const node = (id: string, state: 'ready' | 'in-use') =>
    [
      id,
      { id, ...META, record: newNode({ provider: 'east', pool: 'main', type: ['small'], stateTime: 950, state }) },
    ] as const;
  const request = newRequest({ nodeTypes: ['small', 'big'], requestor: 'zuul', createdTime: 910, stateTime: 910 });
  return {
    nodes: new Map(
      Array.from({ length: nodes }, (_, id) => node(String(id).padStart(10, '0'), id % 2 ? 'ready' : 'in-use')),
    ),
    requests: new Map([['200-0000000001', { id: '200-0000000001', ephemeral: false, ...META, record: request }]]),
    images: new Map(),
    components: { pools: [], launchers: [], builders: [] },
  };
}

const scene = (nodes: number, height = 24): TopScene => ({
  tree: tree(nodes),
  nowSeconds: 1000,
  time: '12:00:00',
  fresh: true,
  height,
});

test('the overview counts nodes by provider and state, and shows who waits since when', () => {
  const text = renderTop({ page: 'overview', top: 0 }, scene(3)).join('\n');
  expect(text).toContain('  PROVIDER  READY  IN-USE  ALL\n  east          1       2    3\n');
  expect(text).toContain('Requests 1: 1 waiting\n');
  expect(text).toMatch(/200-0000000001 +requested +00:00:01:30 +small,big +zuul/);
});

test('a page that is longer than the screen is scrolled, and says where it is', () => {
  const lines = renderTop({ page: 'nodes', top: 1e9 }, scene(100, 22));
  expect(lines).toHaveLength(22);
  expect(lines[0]).toMatch(/lines \d+-104 of 104/);
  expect(lines.at(-2)).toContain('0000000099');
});

test('what may be out of date says so', () => {
  expect(renderTop({ page: 'overview', top: 0 }, { ...scene(1), fresh: false })[0]).toContain('out of date');
});

test.each([
  ['q', 'quit'],
  ['\x03', 'quit'],
  ['n', { page: 'nodes', top: 0 }],
  ['j', { page: 'requests', top: 6 }],
  ['\x1b[A', { page: 'requests', top: 4 }],
  ['\x1b[6~', { page: 'requests', top: 15 }],
  ['G', { page: 'requests', top: 90 }],
  ['g', { page: 'requests', top: 0 }],
  ['?', { page: 'requests', top: 5 }],
])('key %j', (key, outcome) => {
  expect(pressed({ page: 'requests', top: 5 }, key, 100, 10)).toEqual(outcome);
});

test('a page that fits is not scrolled', () => {
  expect(clampTop(3, 5, 10)).toBe(0);
});

test.each([
  ['abcdef', 4, 'abcd\x1b[0m'],
  ['\x1b[7mabcdef\x1b[0m', 4, '\x1b[7mabcd\x1b[0m'],
  ['日本語', 4, '日本\x1b[0m'],
  ['abc', 4, 'abc'],
])('%j is cut to %d columns', (line, width, expected) => {
  expect(cut(line, width)).toBe(expected);
});
