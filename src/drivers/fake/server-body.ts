import type { ProviderConfig } from '../../config/types';
import type { LaunchSpec } from '../driver';
import { volumeGbOf } from './instance';
import type { Flavor } from './model';
import type { CreateServerBody } from './requests';

/** The creation call of a launch (drivers.md 5.3, server arguments). */
export function serverBody(
  spec: LaunchSpec,
  flavor: Flavor,
  image: string,
  provider: ProviderConfig,
): Partial<CreateServerBody> {
  const { label, pool } = spec;
  const imageName = label.diskImage ?? label.cloudImage ?? '';
  const imageSection = (provider.diskImages.get(imageName) ?? provider.cloudImages.get(imageName))?.section;
  const volumeGb = volumeGbOf(label);
  return {
    name: spec.name,
    flavor: flavor.id,
    image,
    ...(spec.zone === undefined ? {} : { zone: spec.zone }),
    networks: texts(label.section['networks'] ?? pool.section['networks']),
    security_groups: texts(pool.section['security-groups']),
    metadata: { groups: `${provider.name},${imageName},${label.name}`, ...spec.metadata },
    ...(typeof label.section['key-name'] === 'string' ? { key_name: label.section['key-name'] } : {}),
    ...(typeof label.section['userdata'] === 'string' ? { user_data: label.section['userdata'] } : {}),
    ...(typeof imageSection?.['config-drive'] === 'boolean' ? { config_drive: imageSection['config-drive'] } : {}),
    ...(volumeGb === 0 ? {} : { volume_gb: volumeGb }),
    once: true,
  };
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map(String) : [];
}
