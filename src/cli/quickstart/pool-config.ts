import { join } from 'node:path';
import type { Workspace } from './workspace';

/** What the generated `nodepool.yaml` depends on. */
export interface PoolOptions {
  /** `host:port[/chroot]`. */
  readonly zookeeper: string;
  readonly simulated: boolean;
  readonly minReady: number;
  /** False while everything is being taken down: no images wanted, no nodes kept. */
  readonly serving: boolean;
  /** Ports of the launcher's pages and of the builder's, on this machine. */
  readonly webPorts: readonly [number, number];
  /** No network during the image build. */
  readonly offline: boolean;
}

export const LABEL = 'tiny';
export const IMAGE = 'tiny';

/** The text of a configuration for one machine: one image, one provider, one pool. `home` is where this program lies. */
export function poolConfig(workspace: Workspace, home: string, options: PoolOptions): string {
  const [address, chroot] = splitChroot(options.zookeeper);
  const separator = address.lastIndexOf(':');
  const server = [
    `  - host: ${quote(address.slice(0, separator))}`,
    `    port: ${address.slice(separator + 1)}`,
    ...(chroot === '' ? [] : [`    chroot: ${quote(chroot)}`]),
  ];
  return [
    '# Written by bin/quickstart. docs/configuration.md says what each key means.',
    'zookeeper-servers:',
    ...server,
    'webapp:',
    `  port: ${options.webPorts[0]}`,
    `  builder_port: ${options.webPorts[1]}`,
    '  listen_address: 127.0.0.1',
    `images-dir: ${quote(workspace.images)}`,
    `build-log-dir: ${quote(workspace.buildLogs)}`,
    `elements-dir: ${quote(join(home, 'elements'))}`,
    '',
    'labels:',
    `  - name: ${LABEL}`,
    `    min-ready: ${options.serving ? options.minReady : 0}`,
    '',
    ...(options.serving ? diskImages(workspace, home, options) : ['diskimages: []']),
    '',
    'providers:',
    ...(options.simulated ? fakeProvider(workspace, options) : qemuProvider(workspace, options)),
    '',
  ].join('\n');
}

function diskImages(workspace: Workspace, home: string, options: PoolOptions): string[] {
  const tool = options.simulated ? [`    dib-cmd: ${quote(join(home, 'host-tools', 'fake-image-create'))}`] : [];
  return [
    'diskimages:',
    `  - name: ${IMAGE}`,
    '    elements: [tiny-node]',
    ...tool,
    '    env-vars:',
    `      NODE_AUTHORIZED_KEYS: ${quote(`${workspace.sshKey}.pub`)}`,
    `      DIB_IMAGE_CACHE: ${quote(workspace.cache)}`,
    "      DIB_APT_LOCAL_CACHE: '0'",
    ...(options.offline ? ["      DIB_OFFLINE: '1'"] : []),
  ];
}

function qemuProvider(workspace: Workspace, options: PoolOptions): string[] {
  return [
    '  - name: local-qemu',
    '    driver: qemu',
    `    image-store: ${quote(workspace.imageStore)}`,
    `    state-dir: ${quote(workspace.machines)}`,
    '    boot-timeout: 300',
    ...offers(options, ['memory: 256']),
  ];
}

/** The folder of the cloud is named, so that commands that ask clouds find the one of this run. */
function fakeProvider(workspace: Workspace, options: PoolOptions): string[] {
  return [
    '  - name: fake-cloud',
    '    driver: fake',
    '    cloud: fake',
    '    fake:',
    `      state-dir: ${quote(workspace.cloud)}`,
    '      leaked-ports: 0',
    ...offers(options, ['min-ram: 1024']),
  ];
}

/** Emptied lists are how a provider is drained (builder.md 13). */
function offers(options: PoolOptions, label: readonly string[]): string[] {
  if (!options.serving) return ['    diskimages: []', '    pools: []'];
  return [
    '    diskimages:',
    `      - name: ${IMAGE}`,
    '    pools:',
    '      - name: main',
    '        max-servers: 4',
    '        labels:',
    `          - name: ${LABEL}`,
    `            diskimage: ${IMAGE}`,
    ...label.map((it) => `            ${it}`),
  ];
}

function splitChroot(hosts: string): readonly [string, string] {
  const at = hosts.indexOf('/');
  return at === -1 ? [hosts, ''] : [hosts.slice(0, at), hosts.slice(at)];
}

/** A YAML scalar that is a string whatever stands in it. */
function quote(text: string): string {
  return JSON.stringify(text);
}
