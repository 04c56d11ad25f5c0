import { createHash, timingSafeEqual } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Stats } from 'node:fs';

/** The file of tokens cannot be used. The message names the file, the line, and what to do. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError';
}

/** Who may change things, and by what they are known. */
export interface NamedToken {
  readonly name: string;
  /** SHA-256 of the token. */
  readonly digest: Buffer;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
/** Guessing shorter ones might pay. */
const SHORTEST = 20;
const DIGEST = /^sha256:([0-9a-f]{64})$/i;
/** Beyond reading by owner and group: for others to read, or for anybody else to write. */
const FORBIDDEN_MODE = 0o027;

/**
 * Reads `NAME TOKEN` lines; instead of a token there may stand `sha256:` and its digest in hex. Blank lines and those that
 * begin with `#` are left out. Throws a TokenFileError; no message has a token in it.
 */
export function parseTokens(text: string, file: string): readonly NamedToken[] {
  const tokens = new Map<string, NamedToken>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const wrong = (what: string) => new TokenFileError(`${file}:${index + 1}: ${what}`);
    const parts = line.trim().split(/\s+/);
    const [name, token] = parts;
    if (parts.length !== 2 || token === undefined || name === undefined)
      throw wrong('expected a name and a token, with a blank between');
    if (!NAME.test(name)) throw wrong('a name has up to 64 letters, digits, ".", "_", "@" and "-"');
    if (tokens.has(name)) throw wrong(`the name ${name} is there twice; give every person one of their own`);
    const digest = DIGEST.exec(token)?.[1];
    if (digest === undefined && token.length < SHORTEST)
      throw wrong(`the token of ${name} has less than ${SHORTEST} characters; make one with "openssl rand -hex 32"`);
    tokens.set(name, { name, digest: digest === undefined ? digestOf(token) : Buffer.from(digest, 'hex') });
  }
  return [...tokens.values()];
}

/** The tokens of a file, which is looked at whenever one is to be known: a change holds for the next request. */
export class AdminTokens {
  #known: { readonly stamp: string; readonly tokens: readonly NamedToken[] } | undefined;

  constructor(private readonly file: string) {}

  /** The name of whoever has this token; undefined if it is nobody's. Rejects with a TokenFileError. */
  async nameOf(token: string): Promise<string | undefined> {
    return ownerOf(await this.#read(), token);
  }

  /** Rejects with a TokenFileError if the file cannot be used. */
  async check(): Promise<void> {
    await this.#read();
  }

  async #read(): Promise<readonly NamedToken[]> {
    try {
      await using handle = await open(this.file);
      const stats = await handle.stat();
      checkMode(stats, this.file);
      const stamp = [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join(' ');
      if (this.#known?.stamp !== stamp) {
        this.#known = { stamp, tokens: parseTokens(await handle.readFile('utf8'), this.file) };
      }
      return this.#known.tokens;
    } catch (error) {
      this.#known = undefined;
      if (error instanceof TokenFileError) throw error;
      throw new TokenFileError(`${this.file}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Compares with every token, whatever it finds: how long that takes tells nothing. */
function ownerOf(tokens: readonly NamedToken[], token: string): string | undefined {
  const digest = digestOf(token);
  let owner: string | undefined;
  for (const it of tokens) if (timingSafeEqual(it.digest, digest)) owner = it.name;
  return owner;
}

function checkMode({ mode, uid }: Stats, file: string): void {
  const own = process.getuid?.();
  if (own !== undefined && uid !== own && uid !== 0)
    throw new TokenFileError(
      `${file}: belongs to the user ${uid}; it must be root's, or that of this program (${own})`,
    );
  if ((mode & FORBIDDEN_MODE) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  throw new TokenFileError(`${file}: has the mode ${octal}, so that others get at the tokens: chmod 600 ${file}`);
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
