import type { DiskImageSection } from './schema';
import { FATAL, ONLY_LOAD, STRICTER } from './schema-atoms';
import type { Finding } from './read-section';
import type { DiskImageConfig } from './types';

/** An entry of the file and its place in the list. */
export interface DiskImageEntry {
  readonly index: number;
  readonly section: DiskImageSection;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The images that can be built: for every entry that is not abstract the defaults, then its parents from the topmost down,
 * then itself (config.md 6). Where names repeat, the last definition counts.
 */
export function resolveDiskImages(
  entries: readonly DiskImageEntry[],
  report: (finding: Finding) => void,
): Map<string, DiskImageConfig> {
  const byName = new Map(entries.map((it) => [it.section.name, it]));
  for (const it of entries) {
    if (byName.get(it.section.name) === it) continue;
    const message = `diskimage "${it.section.name}" is defined again further down; the last definition counts`;
    report({ path: ['diskimages', it.index, 'name'], message, ...STRICTER });
  }
  const images = new Map<string, DiskImageConfig>();
  for (const it of entries) {
    const chain = lineage(it, byName, report);
    if (chain !== undefined && !it.section.abstract) images.set(it.section.name, inherit(chain, it.section.name));
  }
  return images;
}

/** The entry and its parents, topmost first; undefined if a parent is unknown or the entry its own ancestor. */
function lineage(
  entry: DiskImageEntry,
  byName: ReadonlyMap<string, DiskImageEntry>,
  report: (finding: Finding) => void,
): DiskImageSection[] | undefined {
  const chain = [entry.section];
  for (let parent = entry.section.parent; parent; parent = chain[0]?.parent) {
    const next = byName.get(parent);
    if (next === undefined) {
      // Reported at the entry that names it, once, whoever inherits through it.
      if (chain.length === 1) {
        const message = `parent "${parent}" is not among the diskimages`;
        report({ path: ['diskimages', entry.index, 'parent'], message, ...FATAL });
      }
      return undefined;
    }
    if (chain.includes(next.section)) {
      const message = `diskimage "${next.section.name}" is its own ancestor`;
      report({ path: ['diskimages', entry.index, 'parent'], message, ...ONLY_LOAD });
      return undefined;
    }
    chain.unshift(next.section);
  }
  return chain;
}

function inherit(chain: readonly DiskImageSection[], name: string): DiskImageConfig {
  const image: Mutable<DiskImageConfig> = {
    name,
    formats: [],
    keepFormats: [],
    deleteAfterUpload: false,
    elements: [],
    envVars: {},
    release: '',
    rebuildAge: 86_400,
    buildTimeout: 28_800,
    dibCmd: 'disk-image-create',
    pause: false,
    username: 'zuul',
    pythonPath: 'auto',
    shellType: null,
    metadata: {},
  };
  for (const it of chain) overlay(image, it);
  return image;
}

/** One level over those above it. Zero and empty values do not replace, except for `delete-after-upload`. */
function overlay(image: Mutable<DiskImageConfig>, it: DiskImageSection): void {
  if (it.formats.length > 0) image.formats = it.formats;
  if (it['keep-formats'].length > 0) image.keepFormats = it['keep-formats'];
  image.deleteAfterUpload = it['delete-after-upload'] ?? image.deleteAfterUpload;
  image.elements = [...image.elements, ...it.elements];
  image.envVars = { ...image.envVars, ...it['env-vars'] };
  if (it.release) image.release = String(it.release);
  image.rebuildAge = it['rebuild-age'] || image.rebuildAge;
  image.buildTimeout = it['build-timeout'] || image.buildTimeout;
  image.dibCmd = it['dib-cmd'] || image.dibCmd;
  image.pause ||= it.pause;
  image.username = it.username || image.username;
  image.pythonPath = it['python-path'] || image.pythonPath;
  image.shellType = it['shell-type'] || image.shellType;
  image.metadata = it.metadata;
  if (it['content-key'] !== undefined) image.contentKey = it['content-key'];
  if (it.validate !== undefined) image.validate = it.validate;
}
