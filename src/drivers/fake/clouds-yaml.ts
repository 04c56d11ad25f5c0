import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { ProviderConfig } from '../../config/types';

/**
 * `image_format` of the provider's entry in `clouds.yaml`, as the SDK that Python's fake is built on looks for it
 * (builder.md 8.2). Undefined without file, entry or key: the fake checks no cloud configuration.
 */
export function imageFormatOfCloud(
  config: ProviderConfig,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const cloud = config.section['cloud'];
  const text = searchPath(env)
    .map(readIfThere)
    .find((it) => it !== undefined);
  if (text === undefined || typeof cloud !== 'string') return undefined;
  const format = at(at(at(load(text), 'clouds'), cloud), 'image_format');
  return typeof format === 'string' ? format : undefined;
}

function searchPath(env: Readonly<Record<string, string | undefined>>): string[] {
  const given = env['OS_CLIENT_CONFIG_FILE'];
  const home = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? '/', '.config');
  const folders = ['.', join(home, 'openstack'), '/etc/openstack'];
  const usual = folders.flatMap((it) => ['clouds.yaml', 'clouds.yml'].map((name) => join(it, name)));
  return given === undefined ? usual : [given, ...usual];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // as openstacksdk: on to the next folder of the search path
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
