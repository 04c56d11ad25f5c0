import type { PoolConfig, PoolLabelConfig, ProviderConfig } from '../../src/config/types';

/** A provider with one pool `main` and one label `small`; `changes` overlay it. */
export function providerConfig(changes: Partial<ProviderConfig> = {}): ProviderConfig {
  const name = changes.name ?? 'fake-east';
  const pool = poolConfig({ provider: name });
  return {
    name,
    driver: 'fake',
    maxConcurrency: -1,
    priority: undefined,
    launchRetries: 3,
    launchTimeout: 3600,
    bootTimeout: 60,
    imageNameFormat: '{image_name}-{timestamp}',
    postUploadHook: undefined,
    diskImages: new Map(),
    cloudImages: new Map(),
    pools: new Map([[pool.name, pool]]),
    section: {},
    ...changes,
  };
}

/** A pool with one label `small`. */
export function poolConfig(changes: Partial<PoolConfig> = {}): PoolConfig {
  const label = poolLabelConfig();
  return {
    name: 'main',
    provider: 'fake-east',
    maxServers: Infinity,
    limits: {},
    priority: 100,
    nodeAttributes: null,
    availabilityZones: [],
    ignoreProviderQuota: false,
    useInternalIp: false,
    hostKeyChecking: true,
    labels: new Map([[label.name, label]]),
    section: {},
    ...changes,
  };
}

/** A label that boots the cloud image `Fake Precise` with the smallest flavour. */
export function poolLabelConfig(changes: Partial<PoolLabelConfig> = {}): PoolLabelConfig {
  return {
    name: 'small',
    diskImage: undefined,
    cloudImage: 'Fake Precise',
    hostKeyChecking: true,
    consoleLog: false,
    instanceProperties: {},
    dynamicInstanceProperties: {},
    section: { 'min-ram': 1024 },
    ...changes,
  };
}
