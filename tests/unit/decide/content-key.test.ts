import { createHash } from 'node:crypto';
import { fc } from '../../support/property';
import {
  contentKey,
  contentKeyOf,
  type ContentInputs,
  contentNotes,
  mayBeUnchanged,
  newSince,
} from '../../../src/decide/content-key';
import { planBuilds } from '../../../src/decide/plan-builds';
import { build, diskImage, image, images, wish, wishes } from '../../support/image-world';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const inputs = (change: Partial<ContentInputs> = {}): ContentInputs => ({
  image: diskImage({ elements: ['a', 'b'], envVars: { ONE: '1', TWO: '2' } }),
  formats: new Set(['qcow2', 'raw']),
  elementsHash: 'e',
  tool: ['disk-image-create', '3.30'],
  printed: undefined,
  ...change,
});
const of = (change?: Partial<ContentInputs>) => contentKey(inputs(change), hash);

test.each<[string, Partial<ContentInputs>]>([
  ['formats in another order', { formats: new Set(['raw', 'qcow2']) }],
  ['variables in another order', { image: diskImage({ elements: ['a', 'b'], envVars: { TWO: '2', ONE: '1' } }) }],
  [
    'another age, timeout or metadata',
    {
      image: diskImage({
        elements: ['a', 'b'],
        envVars: { ONE: '1', TWO: '2' },
        rebuildAge: 1,
        buildTimeout: 1,
        metadata: { x: 'y' },
      }),
    },
  ],
])('%s: the same key', (_title, change) => {
  expect(of(change)).toBe(of());
});

const changed = (change: Parameters<typeof diskImage>[0]) => ({
  image: diskImage({ elements: ['a', 'b'], envVars: { ONE: '1', TWO: '2' }, ...change }),
});
test.each<[string, Partial<ContentInputs>]>([
  ['another format', { formats: new Set(['qcow2']) }],
  ['elements in another order', changed({ elements: ['b', 'a'] })],
  ['another value', changed({ envVars: { ONE: '1', TWO: '3' } })],
  ['another name', changed({ envVars: { ONE: '1', TOO: '2' } })],
  ['values swapped', changed({ envVars: { ONE: '2', TWO: '1' } })],
  ['another release', changed({ release: 'noble' })],
  ['another user', changed({ username: 'root' })],
  ['another check', changed({ validate: '/bin/true' })],
  ['another file below the elements', { elementsHash: 'f' }],
  ['no folder of elements', { elementsHash: undefined }],
  ['another tool', { tool: ['disk-image-create', '3.31'] }],
  ['something printed', { printed: '' }],
])('%s: another key', (_title, change) => {
  expect(of(change)).not.toBe(of());
});

test('no value of the environment is in what is hashed at last', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 8 }).filter((it) => /^[a-z]+$/i.test(it)),
      (secret) => {
        const texts: string[] = [];
        contentKey(inputs(changed({ envVars: { TOKEN: `<${secret}>` } })), (text) => {
          texts.push(text);
          return hash(text);
        });
        expect(texts.at(-1)).not.toContain(`<${secret}>`);
        expect(texts.slice(0, -1)).toEqual([`<${secret}>`]); // alone, never beside its name
      },
    ),
  );
});

describe('age', () => {
  const looked = build(1000, { unknown: contentNotes('k', 1500) });
  test.each([
    ['counts from the last look', true, 1599, []],
    ['and ends as before', true, 1600, ['expired']],
    ['a command is a key as well', 'uname -r', 1599, []],
    ['without content-key the look is forgotten', undefined, 1599, ['expired']],
    ['nor does false count', false, 1599, ['expired']],
  ] as const)('%s', (_title, wanted, now, reasons) => {
    const config = wish({ rebuildAge: 100, ...(wanted === undefined ? {} : { contentKey: wanted }) });
    const due = planBuilds(wishes([config]), images(image([looked])), now);
    expect(due.flatMap((it) => it.reasons)).toEqual(reasons);
  });

  test('a look before the build is none', () => {
    expect(newSince(build(1000, { unknown: contentNotes('k', 900) }).record!, { contentKey: true })).toBe(1000);
  });
});

test('notes are read as written, others are not mistaken for them', () => {
  expect(contentKeyOf(build(1, { unknown: contentNotes('k') }).record!)).toBe('k');
  expect(contentKeyOf(build(1).record!)).toBeUndefined();
});

test.each([
  [['expired'], true],
  [['scheduled'], true],
  [['requested', 'expired'], false],
  [['requested'], false],
  [['missing'], false],
  [['format-missing'], false],
  [[], false],
] as const)('due because of %j: may be left out %s', (reasons, expected) => {
  expect(mayBeUnchanged({ reasons: [...reasons] })).toBe(expected);
});
