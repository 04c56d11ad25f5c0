import type { BuildKey } from '../model/paths';

/** One build's files in `images-dir`, as far as their names tell (builder.md 6). */
export interface BuildFiles {
  readonly key: BuildKey;
  /** Every entry that belongs to the build: images, checksums, manifest folder, halves. */
  readonly entries: readonly string[];
  /** Suffixes of the image files: formats as the tool names its files. */
  readonly formats: ReadonlySet<string>;
}

/** By `buildName`. */
export type LocalFiles = ReadonlyMap<string, BuildFiles>;

/** `<image>-<build id>`: the name of everything local about a build. */
export function buildName(key: BuildKey): string {
  return `${key.image}-${key.build}`;
}

/**
 * A UUID in hex, or the ten digits of releases before 9.0. The latter also occur as dates and times in foreign names
 * (`backup-1700000000.tar.gz`), so there only one suffix is accepted.
 */
const LEFTOVER = /^(.+)-([0-9a-f]{32})\.(.+)$/;
const OLD_LEFTOVER = /^(.+)-(\d{10})\.(\w+)$/;
const BUILD_NAME = /^(.+)-([0-9a-f]{32}|\d{10})$/;
const CHECKSUM = /\.(md5|sha256)$/;

/** The build that `<image>-<build id>` names; undefined for other names. */
export function parseBuildName(name: string): BuildKey | undefined {
  const found = BUILD_NAME.exec(name);
  return found === null ? undefined : { image: found[1]!, build: found[2]! };
}

/** Sorts the entries of `images-dir` by build; whatever does not look like part of a build is left out, and left alone. */
export function groupBuildFiles(entries: readonly string[]): LocalFiles {
  const builds = new Map<string, { key: BuildKey; entries: string[]; formats: Set<string> }>();
  for (const entry of entries) {
    const found = LEFTOVER.exec(entry) ?? OLD_LEFTOVER.exec(entry);
    if (found === null) continue;
    const key = { image: found[1]!, build: found[2]! };
    const group = builds.get(buildName(key)) ?? { key, entries: [], formats: new Set<string>() };
    builds.set(buildName(key), group);
    group.entries.push(entry);
    const suffix = found[3]!;
    if (/^\w+$/.test(suffix) && suffix !== 'd' && !CHECKSUM.test(`.${suffix}`)) group.formats.add(suffix);
  }
  // Checksums of a ten digit build have two suffixes; they belong to a build that is known by now.
  for (const entry of entries) {
    const image = entry.replace(CHECKSUM, '');
    const group = builds.get(image.replace(/\.\w+$/, ''));
    if (image !== entry && group !== undefined && !group.entries.includes(entry)) group.entries.push(entry);
  }
  return builds;
}

/** What the tool calls a file of this format: `squashfs` comes out as `.squash`, all others as they are named. */
export function fileSuffix(format: string): string {
  return format === 'squashfs' ? 'squash' : format;
}

/** Image file and checksum files of one format. */
export function formatEntries(key: BuildKey, format: string): readonly string[] {
  const file = `${buildName(key)}.${fileSuffix(format)}`;
  return [file, `${file}.md5`, `${file}.sha256`];
}
