import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudImageConfig, PoolLabelConfig, ProviderConfig } from '../../src/config/types';
import type { DriverTools, LaunchSpec } from '../../src/drivers/driver';
import { qemuSchema } from '../../src/drivers/qemu/schema';
import { systemClock } from '../../src/runtime/clock';
import { silentLogger } from '../../src/runtime/log';
import { systemRandom } from '../../src/runtime/random';
import { poolConfig, poolLabelConfig, providerConfig } from './provider-config';

/** An empty disk, `blank` among the cloud images. To the core a machine runs when QEMU says so, whatever is on its disk. */
function blankImage(path: string): CloudImageConfig {
  return {
    name: 'blank',
    username: null,
    pythonPath: 'auto',
    shellType: null,
    connectionType: 'ssh',
    connectionPort: 22,
    section: { name: 'blank', 'image-path': path, 'image-format': 'raw' },
  };
}

/** A host's folders of the test's own. */
export interface QemuHost {
  readonly folder: string;
  readonly config: ProviderConfig;
  /** A launch of the smallest machine. */
  launchSpec(name: string, image: LaunchSpec['image'], section?: Record<string, unknown>): LaunchSpec;
  /** Numbers of the processes that run in the host's folder. */
  processes(): Promise<readonly number[]>;
  /** Ends what is left, and removes the folder. */
  close(): Promise<void>;
}

/** Tools of a driver on this very machine. */
export const hostTools: DriverTools = {
  clock: systemClock,
  random: systemRandom,
  log: silentLogger,
  env: process.env,
};

/** `section` overlays the provider's section. */
export async function qemuHost(name: string, section: Record<string, unknown> = {}): Promise<QemuHost> {
  const folder = await mkdtemp(join(tmpdir(), 'nodepool-qemu-'));
  await writeFile(join(folder, 'blank.raw'), Buffer.alloc(1 << 20));
  return qemuHostAt(folder, name, section);
}

/** The same on a folder that is there, e.g. in another process. */
export function qemuHostAt(folder: string, name: string, section: Record<string, unknown> = {}): QemuHost {
  const config = qemuConfig(name, folder, section);
  const processes = async () => {
    const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
    const homes = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => ''))); // ended meanwhile
    return pids.filter((_, index) => homes[index]!.startsWith(folder));
  };
  return {
    folder,
    config,
    launchSpec: (machine, image, label = {}) => ({
      name: machine,
      label: qemuLabel(label),
      pool: poolConfig({ provider: name }),
      ...(image === undefined ? {} : { image }),
      metadata: { nodepool_node_id: '0000000001', nodepool_pool_name: 'main', nodepool_provider_name: name },
    }),
    processes,
    close: async () => {
      for (const pid of await processes()) process.kill(pid, 'SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The provider's configuration as loading a file would give it. */
function qemuConfig(name: string, folder: string, section: Record<string, unknown> = {}): ProviderConfig {
  return providerConfig({
    name,
    driver: 'qemu',
    cloudImages: new Map([['blank', blankImage(join(folder, 'blank.raw'))]]),
    section: qemuSchema.parse({
      name,
      driver: 'qemu',
      'image-store': join(folder, 'images'),
      'state-dir': join(folder, 'state'),
      'power-off-timeout': 0,
      'max-cores': 8,
      ...section,
    }),
  });
}

function qemuLabel(section: Record<string, unknown>): PoolLabelConfig {
  return poolLabelConfig({ cloudImage: undefined, diskImage: 'tiny', section: { cpus: 1, memory: 128, ...section } });
}
