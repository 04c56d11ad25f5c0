import type { KeyPath } from './problem';
import type { Finding } from './read-section';
import { labelSections } from './resolve-pools';
import { FATAL, ONLY_LOAD, REMARK } from './schema-atoms';
import { asList, asMap, asText, type Section } from './section';
import type { DiskImageConfig, ProviderConfig } from './types';

export interface ProviderEntry {
  readonly index: number;
  readonly driver: string;
  readonly section: Section;
}

export interface KnownNames {
  /** Undefined where the list itself could not be read: nothing is missing from it then. */
  readonly labels: ReadonlySet<string> | undefined;
  readonly diskImages: ReadonlyMap<string, DiskImageConfig> | undefined;
  /** Abstract ones included. */
  readonly diskImageNames: ReadonlySet<string>;
}

/**
 * References between providers and the lists of the top level (config.md 10, 14). Loading looks them all up; the validator
 * only those of OpenStack.
 */
export function checkReferences(provider: ProviderEntry, known: KnownNames): Finding[] {
  const { section, index } = provider;
  const own = {
    diskImages: names(section['diskimages']),
    cloudImages: names(section['cloud-images']),
  };
  const images = asList(section['diskimages']).flatMap((it, at) =>
    checkDiskImage(String(asMap(it)?.['name']), ['providers', index, 'diskimages', at, 'name'], provider, known),
  );
  const pools = asList(section['pools']).flatMap((it, at) =>
    checkPool((asMap(it) ?? {}) as Section, ['providers', index, 'pools', at], provider, known, own),
  );
  return [...images, ...pools];
}

function checkDiskImage(name: string, path: KeyPath, provider: ProviderEntry, known: KnownNames): Finding[] {
  if (known.diskImages === undefined || known.diskImages.has(name)) return [];
  const abstract = known.diskImageNames.has(name);
  const message = abstract
    ? `diskimage "${name}" is abstract, or its parents are not in order`
    : `diskimage "${name}" is not in the main list of diskimages`;
  return [{ path, message, ...(provider.driver === 'openstack' && !abstract ? FATAL : ONLY_LOAD) }];
}

function checkPool(
  pool: Section,
  path: KeyPath,
  provider: ProviderEntry,
  known: KnownNames,
  own: { diskImages: ReadonlySet<string>; cloudImages: ReadonlySet<string> },
): Finding[] {
  return labelSections(pool).flatMap((label, at) => {
    const place = [...path, ...(asMap(asList(pool['labels'])[at]) === undefined ? [] : ['labels', at])];
    const name = String(label['name']);
    return [
      ...(known.labels === undefined || known.labels.has(name) ? [] : [unknownLabel(name, place, provider)]),
      ...checkLabelImages(label, place, provider, known, own),
    ];
  });
}

function unknownLabel(name: string, place: KeyPath, provider: ProviderEntry): Finding {
  const message = `label "${name}" is not in the main list of labels`;
  return { path: [...place, 'name'], message, ...(provider.driver === 'openstack' ? FATAL : ONLY_LOAD) };
}

function checkLabelImages(
  label: Section,
  place: KeyPath,
  provider: ProviderEntry,
  known: KnownNames,
  own: { diskImages: ReadonlySet<string>; cloudImages: ReadonlySet<string> },
): Finding[] {
  const [diskImage, cloudImage] = [asText(label['diskimage']), asText(label['cloud-image'])];
  const found: Finding[] = [];
  if (diskImage !== undefined) {
    const missing = checkDiskImage(diskImage, [...place, 'diskimage'], provider, known);
    found.push(...missing);
    if (missing.length === 0 && !own.diskImages.has(diskImage)) {
      const message = `diskimage "${diskImage}" is not in the diskimages of this provider`;
      // OpenStack looks only into the main list; the label then never finds an upload.
      const verdict = ['openstack', 'fake'].includes(provider.driver) ? REMARK : ONLY_LOAD;
      found.push({ path: [...place, 'diskimage'], message, ...verdict });
    }
  }
  if (cloudImage !== undefined && !own.cloudImages.has(cloudImage)) {
    const message = `cloud image "${cloudImage}" is not in the cloud-images of this provider`;
    found.push({ path: [...place, 'cloud-image'], message, ...ONLY_LOAD });
  }
  return found;
}

/**
 * Images that no builder will ever make: no format of their own, and no provider that takes images lists them. Up to 3.13
 * the default was qcow2 (config.md 6, 16).
 */
export function checkFormats(
  entries: readonly { readonly index: number; readonly section: { readonly name: string } }[],
  images: ReadonlyMap<string, DiskImageConfig>,
  providers: ReadonlyMap<string, ProviderConfig>,
): Finding[] {
  if (providers.size === 0) return []; // part of a file, or not finished
  const uploaded = new Set([...providers.values()].flatMap((it) => [...it.diskImages.keys()]));
  return entries.flatMap(({ index, section: { name } }) => {
    const image = images.get(name);
    if (image === undefined || image.formats.length > 0 || uploaded.has(name)) return [];
    const message = `diskimage "${name}" is never built: it has no "formats", and no provider lists it`;
    const hint = 'list it in "diskimages" of a provider, or give it "formats"; "abstract: true" if it is only a parent';
    return [{ path: ['diskimages', index, 'name'], message, hint, ...REMARK }];
  });
}

function names(list: unknown): ReadonlySet<string> {
  return new Set(asList(list).map((it) => String(asMap(it)?.['name'])));
}
