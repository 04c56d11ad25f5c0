import { type FileHandle, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailureCause } from '../decide/build-retry';
import { buildName } from '../decide/image-files';
import type { BuildKey } from '../model/paths';
import { tellingLines } from './telling-lines';
import { absent } from '../runtime/absent';
import { makeFolder } from '../runtime/make-folder';

export const DEFAULT_BUILD_LOG_DIR = '/var/log/nodepool/builds';

/** Beside each log, `<image>-<build id>.json`: what became of the build, for people and programs that look at failures. */
export interface BuildSummary {
  readonly image: string;
  readonly build: string;
  readonly result: 'ready' | 'failed';
  readonly reasons: readonly string[];
  readonly cause?: FailureCause;
  readonly message?: string;
  readonly exitCode?: number;
  /** UNIX seconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The end of the log, values of environment variables masked. */
  readonly lastLines: readonly string[];
}

const LAST_LINES = 20;
/** The tool's trace of its clearing up is long. */
const TAIL_BYTES = 256 * 1024;

/** The logs of builds on this host (builder.md 7). */
export class BuildLogs {
  constructor(readonly path: string) {}

  file(key: BuildKey): string {
    return join(this.path, `${buildName(key)}.log`);
  }

  /** Opens a build's log, emptied. The handle's descriptor is given to the tool itself. */
  async open(key: BuildKey): Promise<FileHandle> {
    await makeFolder(this.path);
    const handle = await open(this.file(key), 'w');
    await handle.close();
    return open(this.file(key), 'a'); // each line goes to the end, whoever writes it
  }

  /**
   * Removes the image's oldest logs but for the newest `retention` (negative: keeps all; 0 acts as 1). Only names that are
   * exactly image, hyphen, build id are meant, so `fedora` leaves the logs of `fedora-minimal` alone.
   */
  async prune(image: string, retention: number): Promise<void> {
    if (retention < 0) return;
    const names = ((await readdir(this.path).catch(absent)) ?? []).filter((it) => isLogOf(image, it));
    const aged = await Promise.all(
      names.map(async (name) => ({
        name,
        mtimeMs: (await stat(join(this.path, name)).catch(absent))?.mtimeMs ?? 0,
      })),
    );
    const old = aged.sort((a, b) => b.mtimeMs - a.mtimeMs).slice(Math.max(retention, 1));
    await Promise.all(
      old.flatMap(({ name }) =>
        [name, name.replace(/log$/, 'json')].map((it) => rm(join(this.path, it), { force: true })),
      ),
    );
  }

  /** The last lines of a build's log that say something, with every value of `secrets` masked. */
  async lastLines(key: BuildKey, secrets: Iterable<string>): Promise<readonly string[]> {
    return tellingLines(await this.tail(key, secrets), LAST_LINES);
  }

  /** The end of a build's log, with every value of `secrets` masked. */
  async tail(key: BuildKey, secrets: Iterable<string>): Promise<readonly string[]> {
    const handle = await open(this.file(key)).catch(() => undefined); // what it says counts for more than why it cannot be read
    if (handle === undefined) return [];
    try {
      const { size } = await handle.stat();
      const start = Math.max(0, size - TAIL_BYTES);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
      return maskSecrets(buffer.subarray(0, bytesRead).toString('utf8'), secrets).trimEnd().split('\n');
    } finally {
      await handle.close();
    }
  }

  async writeSummary(summary: BuildSummary): Promise<void> {
    await makeFolder(this.path);
    const file = join(this.path, `${buildName(summary)}.json`);
    await writeFile(`${file}.new`, `${JSON.stringify(summary, undefined, 2)}\n`);
    await rename(`${file}.new`, file);
  }
}

function isLogOf(image: string, name: string): boolean {
  return name.startsWith(`${image}-`) && /^([0-9a-f]{32}|\d{10})\.log$/.test(name.slice(image.length + 1));
}

/** Shorter values are numbers and flags, which occur everywhere. */
const SECRET_LENGTH = 5;

/** Replaces values of environment variables: the tool's trace (`-x`) shows what it is given. */
export function maskSecrets(text: string, secrets: Iterable<string>): string {
  return [...secrets]
    .filter((it) => it.length >= SECRET_LENGTH)
    .sort((a, b) => b.length - a.length)
    .reduce((masked, it) => masked.replaceAll(it, '********'), text);
}
