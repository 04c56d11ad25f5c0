import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buildName, fileSuffix, formatEntries, groupBuildFiles, type LocalFiles } from '../decide/image-files';
import type { BuildKey } from '../model/paths';
import { absent } from '../runtime/absent';

/** `images-dir`: the images on this host. That a build's files are here is what makes it ours (builder.md 2). */
export class ImageFolder {
  constructor(readonly path: string) {}

  /** Every build with files here. */
  async list(): Promise<LocalFiles> {
    return groupBuildFiles(await readdir(this.path));
  }

  /** What is given to the tool as `-o`. */
  prefix(key: BuildKey): string {
    return join(this.path, buildName(key));
  }

  file(key: BuildKey, format: string): string {
    return `${this.prefix(key)}.${fileSuffix(format)}`;
  }

  /** Removes everything of a build: images, checksums, manifest folder, halves. Missing things are fine. Returns the names. */
  async deleteBuild(key: BuildKey): Promise<readonly string[]> {
    const start = `${buildName(key)}.`;
    const entries = (await readdir(this.path)).filter((it) => it.startsWith(start));
    await Promise.all(entries.map((it) => rm(join(this.path, it), { recursive: true, force: true })));
    return entries;
  }

  async deleteFormats(key: BuildKey, formats: readonly string[]): Promise<void> {
    const entries = formats.flatMap((it) => formatEntries(key, it));
    await Promise.all(entries.map((it) => rm(join(this.path, it), { force: true })));
  }

  /** Those of `formats` whose file does not exist or is empty: the tool may leave one out and still say success. */
  async missingFormats(key: BuildKey, formats: Iterable<string>): Promise<readonly string[]> {
    const checked = await Promise.all(
      [...formats].map(async (format) => {
        const found = await stat(this.file(key, format)).catch(absent);
        return found !== undefined && found.isFile() && found.size > 0 ? [] : [format];
      }),
    );
    return checked.flat();
  }

  /** Sums that the tool wrote beside an image; a plain tar has none. */
  async checksums(key: BuildKey, format: string): Promise<{ readonly md5?: string; readonly sha256?: string }> {
    const file = this.file(key, format);
    const [md5, sha256] = await Promise.all([readHex(`${file}.md5`, 32), readHex(`${file}.sha256`, 64)]);
    return { ...(md5 === undefined ? {} : { md5 }), ...(sha256 === undefined ? {} : { sha256 }) };
  }

  /** Bytes on disk of each image file of a build, for people; 0 for one that cannot be looked at. */
  async bytesByFormat(key: BuildKey, formats: Iterable<string>): Promise<Readonly<Record<string, number>>> {
    const sizes = await Promise.all(
      [...formats].map((format) =>
        stat(this.file(key, format)).then(
          (found) => [format, found.blocks * 512] as const,
          () => [format, 0] as const,
        ),
      ),
    );
    return Object.fromEntries(sizes);
  }

  /** Bytes on disk of a build's image files: what another build of the image will need at least. */
  async allocatedBytes(key: BuildKey, formats: Iterable<string>): Promise<number> {
    return Object.values(await this.bytesByFormat(key, formats)).reduce((sum, it) => sum + it, 0);
  }
}

/** The first `digits` characters of a checksum file (builder.md 6), if they are hex digits. */
async function readHex(file: string, digits: number): Promise<string | undefined> {
  const handle = await open(file).catch(absent);
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(digits), 0, digits, 0);
    const text = buffer.subarray(0, bytesRead).toString('latin1');
    return text.length === digits && /^[0-9a-f]+$/i.test(text) ? text.toLowerCase() : undefined;
  } finally {
    await handle.close();
  }
}
