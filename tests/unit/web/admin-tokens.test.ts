import { createHash } from 'node:crypto';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminTokens, parseTokens, TokenFileError } from '../../../src/web/admin-tokens';

const LONG = 'x'.repeat(20);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('lines of names and tokens, or digests; comments and blank lines do not count', () => {
  const text = `# who may\n\nalice ${LONG}\r\n  bob\tsha256:${sha256('b')}  \n`;
  expect(parseTokens(text, 'f').map((it) => [it.name, it.digest.toString('hex')])).toEqual([
    ['alice', sha256(LONG)],
    ['bob', sha256('b')],
  ]);
});

test.each([
  ['no token', 'alice', 'f:1: expected a name and a token, with a blank between'],
  ['too much', `alice ${LONG} x`, 'f:1: expected a name and a token, with a blank between'],
  ['an odd name', `a/b ${LONG}`, 'f:1: a name has up to 64 letters'],
  ['a name twice', `a ${LONG}\n\na ${LONG}1`, 'f:3: the name a is there twice'],
  ['a short token', `# x\na ${LONG.slice(1)}`, 'f:2: the token of a has less than 20 characters'],
])('%s is told with its line', (_title, text, message) => {
  expect(() => parseTokens(text, 'f')).toThrow(TokenFileError);
  expect(() => parseTokens(text, 'f')).toThrow(message);
  expect(() => parseTokens(text, 'f')).not.toThrow(LONG.slice(1));
});

describe('a file', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tokens-'));
    file = join(folder, 'tokens');
    await writeFile(file, `alice ${LONG}\n`, { mode: 0o600 });
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is read again when it has changed, also into another one', async () => {
    const tokens = new AdminTokens(file);
    expect(await tokens.nameOf(LONG)).toBe('alice');
    expect(await tokens.nameOf(`${LONG}1`)).toBeUndefined();
    await writeFile(`${file}.new`, `carol ${LONG}1\n`, { mode: 0o640 });
    await rename(`${file}.new`, file);
    expect([await tokens.nameOf(LONG), await tokens.nameOf(`${LONG}1`)]).toEqual([undefined, 'carol']);
  });

  test.each([0o604, 0o660, 0o644])('with the mode %o lets nobody in', async (mode) => {
    const tokens = new AdminTokens(file);
    await tokens.check();
    await chmod(file, mode);
    await expect(tokens.nameOf(LONG)).rejects.toThrow(`has the mode 0${mode.toString(8)}`);
    await chmod(file, 0o600);
    expect(await tokens.nameOf(LONG)).toBe('alice');
  });

  test('that is gone, or turns wrong, lets nobody in: what it said before counts for nothing', async () => {
    const tokens = new AdminTokens(file);
    expect(await tokens.nameOf(LONG)).toBe('alice');
    await writeFile(file, `alice ${LONG}\nbob`);
    await expect(tokens.nameOf(LONG)).rejects.toThrow(`${file}:2: expected a name and a token`);
    await rm(file);
    await expect(tokens.nameOf(LONG)).rejects.toThrow('ENOENT');
  });
});
