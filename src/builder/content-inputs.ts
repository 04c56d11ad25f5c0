import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { contentKey, type ContentInputs } from '../decide/content-key';
import type { ImageWish } from '../decide/image-snapshot';
import { runCommand } from '../runtime/processes';
import { withTimeLimit } from '../runtime/time-limit';
import type { BuilderContext } from './context';
import { shellWords } from './shell-words';

/** The command of `content-key`, and the tool's `--version`, take no longer. */
const COMMAND_MS = 60_000;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The key of what a build of the image would be made from now (builder.md, "Unchanged images"). Undefined, with a warning,
 * if it cannot be known: then nothing is left out. Rejects only with the signal's reason.
 */
export async function keyOfInputs(
  context: BuilderContext,
  wish: ImageWish,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return contentKey(await readInputs(context, wish, signal), (text) =>
      createHash('sha256').update(text).digest('hex'),
    );
  } catch (error) {
    signal.throwIfAborted();
    context.tools.log.warn('content key unknown: builds as without one', { image: wish.config.name, err: error });
    return undefined;
  }
}

async function readInputs(context: BuilderContext, wish: ImageWish, signal: AbortSignal): Promise<ContentInputs> {
  const { env } = context.tools;
  const image = wish.config;
  const { elementsDir } = context.config();
  const words = shellWords(image.dibCmd.replaceAll('%p', context.packageDir));
  const run = (file: string, args: readonly string[], more: Env) => runLimited(context, file, args, more, signal);
  return {
    image,
    formats: wish.formats,
    elementsHash: elementsDir === undefined ? undefined : await hashTrees(elementsDir.split(delimiter)),
    tool: await describeTool(words, env, run),
    printed:
      typeof image.contentKey === 'string'
        ? await printedKey(image.contentKey, { ...image.envVars, DIB_RELEASE: image.release }, run)
        : undefined,
  };
}

type Run = (file: string, args: readonly string[], more: Env) => Promise<string>;

/** Standard output of a program that must end with 0. */
async function runLimited(
  { tools }: BuilderContext,
  file: string,
  args: readonly string[],
  more: Env,
  signal: AbortSignal,
): Promise<string> {
  const late = () => new Error(`${file} not done after ${COMMAND_MS / 1000} s`);
  const end = await withTimeLimit({ ms: COMMAND_MS, clock: tools.clock, late }, signal, (limited) =>
    runCommand({ file, args, env: { ...tools.env, ...more } }, limited),
  );
  if (end.code !== 0) throw new Error(`${file} ended with ${end.code ?? end.signal}`);
  return end.stdout;
}

async function printedKey(command: string, env: Env, run: Run): Promise<string> {
  const [file, ...args] = shellWords(command);
  return (await run(file!, args, env)).trim();
}

/**
 * The words of the command, the contents of those that name a file, and the version of diskimage-builder, whose elements are
 * part of it. No other program is asked for its version: it may not know the question, and build.
 */
async function describeTool(words: readonly string[], env: Env, run: Run): Promise<readonly string[]> {
  const files = await Promise.all(words.map((it) => findProgram(it, env)));
  const sums = await Promise.all(files.map(async (it) => (it === undefined ? '' : hashFile(it))));
  const dib = files.find((it) => it !== undefined && basename(it) === 'disk-image-create');
  return [...words, ...sums, dib === undefined ? '' : (await run(dib, ['--version'], {})).trim()];
}

/** The file that a word names, itself or on the PATH. */
async function findProgram(word: string, env: Env): Promise<string | undefined> {
  if (word === '') return undefined;
  const places = word.includes('/') ? [''] : (env['PATH'] ?? '').split(delimiter);
  for (const it of places) {
    const file = isAbsolute(word) ? word : join(it, word);
    const found = await stat(file).catch(() => undefined); // as a shell: on to the next folder
    if (found?.isFile() === true) return file;
  }
  return undefined;
}

/**
 * Of everything below the folders: names, modes, link targets, contents. All elements count, also those that the image does
 * not name: which ones the tool pulls in is for the tool to know.
 */
async function hashTrees(folders: readonly string[]): Promise<string> {
  const sum = createHash('sha256');
  for (const folder of folders) {
    for await (const line of describeTree(folder, '')) sum.update(line);
    sum.update('\0\0');
  }
  return sum.digest('hex');
}

async function* describeTree(folder: string, below: string): AsyncGenerator<string> {
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = join(below, name);
    const file = join(folder, path);
    const { mode } = await lstat(file);
    const type = (await lstat(file)).isSymbolicLink() ? await readlink(file) : '';
    yield `${path}\0${(mode & 0o170_777).toString(8)}\0${type}\0`;
    if ((mode & 0o170_000) === 0o040_000) yield* describeTree(folder, path);
    if ((mode & 0o170_000) === 0o100_000) yield `${await hashFile(file)}\0`;
  }
}

async function hashFile(file: string): Promise<string> {
  const sum = createHash('sha256');
  await pipeline(createReadStream(file), sum);
  return sum.digest('hex');
}
