import { resolvePool } from './resolve-pools';
import { asFlag, asList, asMap, asNumber, asText, asTextMap, type Section } from './section';
import type { CloudImageConfig, DiskImageConfig, ProviderConfig, ProviderDiskImageConfig } from './types';

/** A provider from its section as parsed by its driver's schema (config.md 8 to 10). Names without entry are left out. */
export function resolveProvider(
  section: Section,
  driver: string,
  diskImages: ReadonlyMap<string, DiskImageConfig>,
): ProviderConfig {
  const name = String(section['name']);
  return {
    name,
    driver,
    maxConcurrency: asNumber(section['max-concurrency']) ?? -1,
    priority: asNumber(section['priority']),
    launchRetries: asNumber(section['launch-retries']) ?? 3,
    launchTimeout: asNumber(section['launch-timeout']) ?? 3600,
    bootTimeout: asNumber(section['boot-timeout']) ?? 60,
    imageNameFormat: asText(section['image-name-format']) ?? '{image_name}-{timestamp}',
    postUploadHook: asText(section['post-upload-hook']),
    diskImages: named(section['diskimages'], (it) => {
      const image = diskImages.get(String(it['name']));
      return image === undefined ? undefined : providerDiskImage(it, image);
    }),
    cloudImages: named(section['cloud-images'], cloudImage),
    pools: named(section['pools'], (it) => resolvePool(it, section, name, driver)),
    section,
  };
}

/** The driver that serves a provider: names beginning with `fake` force it. */
export function driverOf(section: Section): string {
  return String(section['name']).startsWith('fake') ? 'fake' : (asText(section['driver']) ?? 'openstack');
}

function named<T>(list: unknown, resolve: (section: Section) => T | undefined): Map<string, T> {
  const entries = asList(list).flatMap((it) => {
    const section = asMap(it);
    const value = section === undefined ? undefined : resolve(section);
    return section === undefined || value === undefined ? [] : [[String(section['name']), value] as const];
  });
  return new Map(entries);
}

function connection(section: Section) {
  const connectionType = asText(section['connection-type']) ?? 'ssh';
  const connectionPort = asNumber(section['connection-port']) ?? (connectionType === 'winrm' ? 5986 : 22);
  return { connectionType, connectionPort };
}

/** Drivers whose entries have interpreter keys of their own do not take the diskimage's. */
function providerDiskImage(section: Section, image: DiskImageConfig): ProviderDiskImageConfig {
  const own = 'python-path' in section;
  const validate = asText(section['validate']);
  return {
    name: image.name,
    pause: asFlag(section['pause']) ?? false,
    username: asText(section['username']) ?? image.username,
    pythonPath: asText(section['python-path']) ?? (own ? 'auto' : image.pythonPath),
    shellType: asText(section['shell-type']) ?? (own ? null : image.shellType),
    ...connection(section),
    metadata: { ...image.metadata, ...asTextMap(section['meta'] ?? section['tags']) },
    ...(validate === undefined ? {} : { validate }),
    section,
  };
}

function cloudImage(section: Section): CloudImageConfig {
  return {
    name: String(section['name']),
    username: asText(section['username']) ?? null,
    pythonPath: asText(section['python-path']) ?? 'auto',
    shellType: asText(section['shell-type']) ?? null,
    ...connection(section),
    section,
  };
}
