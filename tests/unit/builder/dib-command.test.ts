import { type DibRun, dibEnvironment, dibWords } from '../../../src/builder/dib-command';
import { shellWords } from '../../../src/builder/shell-words';
import { diskImage } from '../../support/image-world';

const run = (change: Partial<DibRun> = {}): DibRun => ({
  image: diskImage({ elements: ['debian-minimal', 'vm'] }),
  formats: new Set(['qcow2']),
  prefix: '/images/jammy-0123',
  elementsDir: undefined,
  tempDir: '/images/.tmp/jammy-0123',
  packageDir: '/opt/nodepool',
  ...change,
});

test('the command line of builder.md 5.2', () => {
  expect(dibWords(run()).join(' ')).toBe(
    'disk-image-create -x -t qcow2 --checksum --no-tmpfs --qemu-img-options compat=0.10 -o /images/jammy-0123 debian-minimal vm',
  );
});

test.each([
  [['raw', 'qcow2'], 'qcow2,raw', true],
  [['vhd', 'raw'], 'raw,vhd', false],
  [['tar', 'squashfs', 'raw'], 'squashfs,raw,tar', false],
])('types of %j', (formats, types, hasOptions) => {
  const words = dibWords(run({ formats: new Set(formats) }));
  expect(words[words.indexOf('-t') + 1]).toBe(types);
  expect(words.includes('compat=0.10')).toBe(hasOptions);
});

test('dib-cmd may hold arguments, quotes and %p', () => {
  const image = diskImage({ dibCmd: `env "A=b c" %p/tests/fake-image-create`, elements: [] });
  expect(dibWords(run({ image })).slice(0, 4)).toEqual(['env', 'A=b c', '/opt/nodepool/tests/fake-image-create', '-x']);
});

test('a blank in a folder does not break words apart', () => {
  expect(dibWords(run({ prefix: '/my images/jammy-0123' }))).toContain('/my images/jammy-0123');
});

test('the environment: that of the daemon, ours, then env-vars; later wins', () => {
  const image = diskImage({ release: '12', envVars: { DIB_RELEASE: 'bookworm', TOKEN: 'secret' } });
  const daemon = { PATH: '/bin', ELEMENTS_PATH: '/old', TMPDIR: '/tmp/x' };
  expect(dibEnvironment(run({ image, elementsDir: '/elements' }), daemon)).toEqual({
    PATH: '/bin',
    TMPDIR: undefined,
    DIB_RELEASE: 'bookworm',
    DIB_IMAGE_NAME: 'jammy',
    DIB_IMAGE_FILENAME: '/images/jammy-0123',
    ELEMENTS_PATH: '/elements',
    TOKEN: 'secret',
    TMP_DIR: '/images/.tmp/jammy-0123',
  });
  expect(dibEnvironment(run(), {})).toMatchObject({ DIB_RELEASE: '' });
  expect(dibEnvironment(run(), {})).not.toHaveProperty('ELEMENTS_PATH');
});

test('values of variables stay off the command line, which everybody can list', () => {
  const image = diskImage({ envVars: { TOKEN: 'very-secret' } });
  expect(dibWords(run({ image })).join(' ')).not.toContain('very-secret');
});

test.each([
  ['a  b\tc', ['a', 'b', 'c']],
  [`'a b' "c d" e\\ f`, ['a b', 'c d', 'e f']],
  [`a'b'"c"`, ['abc']],
  [`"a \\"b\\" \\\\ \\n"`, ['a "b" \\ \\n']],
  [`'' ""`, ['', '']],
  ['', []],
])('words of %j', (text, words) => {
  expect(shellWords(text)).toEqual(words);
});

test.each([`'a`, `"a`, `a\\`])('an open end is an error: %s', (text) => {
  expect(() => shellWords(text)).toThrow(SyntaxError);
});
