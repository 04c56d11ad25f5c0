import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Command, runCommand } from '../runtime/processes';
import type { Clock } from '../runtime/clock';
import { type Random, uuid4 } from '../runtime/random';

/** Who builds (builder.md 2). Only recorded; nothing is decided by it. */
export interface BuilderIdentity {
  /** Text of `builder_id.txt`. */
  readonly id: string;
  /** `builder` in records. */
  readonly fqdn: string;
  /** In the component registry. */
  readonly hostname: string;
}

/** Reads the identity of the builders that share `imagesDir`; the first one makes it up. */
export async function readIdentity(
  imagesDir: string,
  tools: { readonly clock: Clock; readonly random: Random; readonly env: Command['env'] },
): Promise<BuilderIdentity> {
  const id = await readBuilderId(imagesDir, tools.random);
  return { id, fqdn: await fullName(tools.env, tools.clock), hostname: hostname() };
}

async function readBuilderId(imagesDir: string, random: Random): Promise<string> {
  const file = join(imagesDir, 'builder_id.txt');
  try {
    await writeFile(file, uuid4(random), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFile(file, 'utf8');
}

const LOOKUP_MS = 5_000;

/** The host's name with its domain; without if there is none, or if nobody answers in time. */
async function fullName(env: Command['env'], clock: Clock): Promise<string> {
  const patience = new AbortController();
  const timer = clock.after(LOOKUP_MS, () => patience.abort());
  try {
    const result = await runCommand({ file: 'hostname', args: ['--fqdn'], env }, patience.signal);
    const name = result.code === 0 ? result.stdout.trim() : '';
    return name === '' ? hostname() : name;
  } catch {
    return hostname(); // no such program, or no answer: the plain name is what Python falls back to as well
  } finally {
    timer.cancel();
  }
}
