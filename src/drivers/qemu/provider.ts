import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { PoolLabelConfig, ProviderConfig } from '../../config/types';
import type { Resources } from '../../model/records';
import { linkSignals } from '../../runtime/link-signals';
import type { DriverTools, ExternalId, Instance, LaunchSpec, Provider, Quota } from '../driver';
import { DriverError, LaunchFailedError, NotFoundError, RefusedError, TransientError } from '../errors';
import { NoAcceleratorError, chooseAccelerator } from './accelerator';
import { type HostFacts, limitsOf } from './capacity';
import { MACHINE_FILES } from './command-line';
import { ImageFolder } from './image-folder';
import { type BootImage, QemuImages } from './images';
import { instanceOf } from './instance';
import { type MachineWish, launchMachine } from './launch';
import { type MachineRecord, externalIdOf, isMachineName, nameInExternalId } from './machine-record';
import { lastWords, liveProcess, machineHealth, stopProcess } from './machine-process';
import { MachineStore } from './machine-store';
import { ToolMissingError } from './run-tool';
import type { QemuLabelSection, QemuSection } from './schema';

const SETTLE_POLL_MS = 250;
const CONSOLE_BYTES = 64 * 1024;
const SSH_PORT = 22;

/**
 * Machines of this host. All truth is in the state folder and in `/proc`: nothing is remembered between calls, so several
 * programs may run the same provider, and one that starts anew finds every machine of those before it.
 */
export class QemuProvider implements Provider {
  readonly name: string;
  readonly images: QemuImages;
  readonly #section: QemuSection;
  readonly #store: MachineStore;
  readonly #closed = new AbortController();
  #accel: string | undefined;

  constructor(
    private readonly config: ProviderConfig,
    private readonly tools: DriverTools,
    private readonly facts: HostFacts,
  ) {
    this.name = config.name;
    this.#section = config.section as QemuSection;
    this.#store = new MachineStore(resolve(this.#section['state-dir']), tools.log);
    const folder = new ImageFolder(resolve(this.#section['image-store']));
    this.images = new QemuImages(config, folder, tools, (signal, work) => this.#call(signal, work));
  }

  launch(spec: LaunchSpec, signal: AbortSignal): Promise<Instance> {
    return this.#call(signal, async (it) => {
      if (!isMachineName(spec.name)) throw new RefusedError(this.name, `${spec.name} is no name for a machine`);
      const record = await this.#store.withMachine(spec.name, it, () => this.#launch(spec, it));
      return this.#look(record, it);
    });
  }

  settled(externalId: ExternalId, signal: AbortSignal): Promise<Instance> {
    return this.#call(signal, async (it) => {
      for (;;) {
        const instance = await this.#look(await this.#find(externalId), it);
        if (instance.state === 'running') return instance;
        if (instance.state === 'failed') throw new LaunchFailedError(this.name, instance.fault ?? 'unknown');
        if (instance.state === 'deleting') throw new NotFoundError(this.name, String(externalId));
        await this.tools.clock.sleep(SETTLE_POLL_MS, it);
      }
    });
  }

  /** Powers off, then removes everything; returns when that is done. What a crash interrupts the next call finishes. */
  destroy(externalId: ExternalId, signal: AbortSignal): Promise<void> {
    return this.#call(signal, async (it) => {
      const { name } = await this.#find(externalId);
      await this.#store.withMachine(name, it, async () => {
        const record = await this.#find(externalId); // somebody else may have been faster
        await this.#store.write({ ...record, phase: 'deleting' });
        const graceMs = this.#section['power-off-timeout'] * 1000;
        const folder = this.#store.folderOf(name);
        if (!(await stopProcess(record, folder, graceMs, this.tools, it))) throw new TransientError(this.name);
        await this.#store.remove(name);
      });
    });
  }

  list(signal: AbortSignal): Promise<readonly Instance[]> {
    return this.#call(signal, async (it) => {
      await this.#store.sweep(it);
      return Promise.all((await this.#store.records()).map((record) => this.#glance(record)));
    });
  }

  async quota(_signal: AbortSignal): Promise<Quota> {
    return { limits: limitsOf(this.#section, this.facts) };
  }

  async need(label: PoolLabelConfig, _signal: AbortSignal): Promise<Resources> {
    return needOf(label);
  }

  async zones(_signal: AbortSignal): Promise<readonly string[]> {
    return [];
  }

  consoleLog(externalId: ExternalId, signal: AbortSignal): Promise<string> {
    return this.#call(signal, async () => {
      const { name } = await this.#find(externalId);
      return readTail(join(this.#store.folderOf(name), MACHINE_FILES.console));
    });
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('provider is closed'));
  }

  /** A machine that is there needs neither its image nor an accelerator any more. */
  async #launch(spec: LaunchSpec, signal: AbortSignal): Promise<MachineRecord> {
    const existing = await this.#store.read(spec.name);
    if (existing !== undefined && existing.phase !== 'reserved') return existing;
    const wish = await this.#wish(spec);
    const host = { ...this.#hostOptions(), accel: await this.#accelerator(signal) };
    return launchMachine({ ...this.#site(), host }, wish, existing, signal);
  }

  async #find(externalId: ExternalId): Promise<MachineRecord> {
    const name = nameInExternalId(String(externalId));
    const record = name === undefined ? undefined : await this.#store.read(name);
    if (record === undefined || externalIdOf(record) !== externalId) {
      throw new NotFoundError(this.name, String(externalId));
    }
    return record;
  }

  /** Asks the machine itself. */
  async #look(record: MachineRecord, signal: AbortSignal): Promise<Instance> {
    if (record.phase !== 'started') return this.#glance(record);
    const health = await machineHealth(record, this.#store.folderOf(record.name), this.tools, signal);
    return instanceOf(record, health.state, this.#place(), health.state === 'failed' ? health.fault : undefined);
  }

  /** Looks only from outside: enough for counting and for finding leaks, and cheap for hundreds. */
  async #glance(record: MachineRecord): Promise<Instance> {
    if (record.phase === 'deleting') return instanceOf(record, 'deleting', this.#place());
    if (record.phase === 'reserved') return instanceOf(record, 'starting', this.#place());
    if ((await liveProcess(record)) !== undefined) return instanceOf(record, 'running', this.#place());
    return instanceOf(record, 'failed', this.#place(), await lastWords(this.#store.folderOf(record.name)));
  }

  async #wish(spec: LaunchSpec): Promise<MachineWish> {
    return {
      name: spec.name,
      image: await this.#image(spec),
      diskGib: (spec.label.section as QemuLabelSection).disk,
      guestPort: this.#guestPort(spec),
      resources: needOf(spec.label),
      metadata: spec.metadata,
    };
  }

  async #image({ image }: LaunchSpec): Promise<BootImage> {
    if (image === undefined) throw new RefusedError(this.name, 'a machine needs an image');
    return 'cloudImage' in image ? this.images.onHost(image.cloudImage) : this.images.uploaded(image.externalId);
  }

  /** The port that the image's service listens on; the host's port is chosen at launch. */
  #guestPort({ image }: LaunchSpec): number {
    if (image === undefined) return SSH_PORT;
    const { diskImages, cloudImages } = this.config;
    const entry = 'cloudImage' in image ? cloudImages.get(image.cloudImage) : diskImages.get(image.diskImage);
    return entry?.connectionPort ?? SSH_PORT;
  }

  async #accelerator(signal: AbortSignal): Promise<string> {
    const { qemu, accel, machine, cpu } = this.#section;
    const options = { qemu, accel, machine, cpu, folder: this.#store.folder };
    this.#accel ??= await chooseAccelerator(options, this.tools, signal);
    return this.#accel;
  }

  #hostOptions() {
    const { machine, cpu, 'bind-address': bindAddress, 'restrict-network': restrictNetwork } = this.#section;
    return { machine, cpu, bindAddress, restrictNetwork };
  }

  #site() {
    return {
      provider: this.name,
      store: this.#store,
      qemu: this.#section.qemu,
      limits: limitsOf(this.#section, this.facts),
      portRange: this.#section['port-range'],
      tools: this.tools,
    };
  }

  #place() {
    return { address: this.#section['connect-address'] ?? this.#section['bind-address'], hostName: hostname() };
  }

  /** Ends with the caller's signal and with `close`; whatever fails becomes a `DriverError`. */
  async #call<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const linked = linkSignals(signal, this.#closed.signal);
    try {
      linked.signal.throwIfAborted();
      return await work(linked.signal);
    } catch (error) {
      signal.throwIfAborted();
      throw asDriverError(this.name, error);
    } finally {
      linked.release();
    }
  }
}

function needOf(label: PoolLabelConfig): Resources {
  const { cpus, memory } = label.section as QemuLabelSection;
  return { cores: cpus, ram: memory, instances: 1 };
}

function asDriverError(provider: string, error: unknown): unknown {
  if (error instanceof DriverError) return error;
  if (error instanceof ToolMissingError) return new RefusedError(provider, error.message, { cause: error });
  if (error instanceof NoAcceleratorError) {
    const reasons = Object.entries(error.reasons).map(([accel, reason]) => `${accel}: ${reason}`);
    return new RefusedError(provider, `no accelerator works (${reasons.join('; ')})`, { cause: error });
  }
  return new TransientError(provider, { cause: error });
}

async function readTail(path: string): Promise<string> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return ''; // not started yet
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, CONSOLE_BYTES));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
