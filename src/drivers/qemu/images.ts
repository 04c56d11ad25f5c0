import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ProviderConfig } from '../../config/types';
import { wallSeconds } from '../../runtime/clock';
import type { CloudImage, DriverTools, ImageUploadSpec, ProviderImages } from '../driver';
import { NotFoundError, RefusedError } from '../errors';
import { ChecksumError, type ImageFolder } from './image-folder';
import { runTool } from './run-tool';
import type { QemuCloudImageSection } from './schema';

/** What a machine is booted from. */
export interface BootImage {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
}

/** Uploads to the host's image store: copies of files. */
export class QemuImages implements ProviderImages {
  constructor(
    private readonly config: ProviderConfig,
    private readonly folder: ImageFolder,
    private readonly tools: DriverTools,
    private readonly call: <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>) => Promise<T>,
  ) {}

  upload(
    spec: ImageUploadSpec,
    progress: (bytesDone: number, bytesTotal: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly externalId: string }> {
    return this.call(signal, async (it) => {
      await this.folder.sweep(it);
      const externalId = this.tools.random.hex(16);
      await this.#add(externalId, spec, progress, it);
      return { externalId };
    });
  }

  remove(externalId: string, signal: AbortSignal): Promise<void> {
    return this.call(signal, async () => {
      if (!(await this.folder.remove(externalId))) throw new NotFoundError(this.config.name, externalId);
    });
  }

  list(signal: AbortSignal): Promise<readonly CloudImage[]> {
    return this.call(signal, async (it) => {
      await this.folder.sweep(it);
      return (await this.folder.list())
        .filter(({ metadata }) => metadata['nodepool_provider_name'] === this.config.name)
        .map(({ id, name, metadata }) => ({ externalId: id, name, metadata }));
    });
  }

  async cloudImageReady(name: string, _signal: AbortSignal): Promise<boolean> {
    const path = this.#cloudImage(name)?.['image-path'];
    return path !== undefined && isReadable(path);
  }

  /** Where an image of ours lies; `NotFoundError` if it does not. */
  async uploaded(externalId: string): Promise<BootImage> {
    const image = await this.folder.read(externalId);
    if (image === undefined) throw new NotFoundError(this.config.name, externalId);
    return { path: this.folder.pathOf(externalId), format: image.format };
  }

  /** Where a `cloud-images` entry lies; `NotFoundError` if it does not. */
  async onHost(name: string): Promise<BootImage> {
    const section = this.#cloudImage(name);
    if (section === undefined) throw this.#refused(`cloud image ${name} is not configured`);
    if (!(await isReadable(section['image-path']))) throw new NotFoundError(this.config.name, name);
    return { path: resolve(section['image-path']), format: section['image-format'] };
  }

  async #add(
    id: string,
    spec: ImageUploadSpec,
    progress: (bytesDone: number, bytesTotal: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { format, name, metadata } = spec;
    if (format !== 'qcow2' && format !== 'raw') throw this.#refused(`image format ${format} is not supported`);
    const image = { name, metadata: { ...metadata }, format, createdTime: wallSeconds(this.tools.clock) } as const;
    const sums = { ...(spec.md5 && { md5: spec.md5 }), ...(spec.sha256 && { sha256: spec.sha256 }) };
    const check = (path: string) => this.#check(path, format, signal);
    try {
      await this.folder.add({ id, file: spec.file, image, ...sums }, check, progress, signal);
    } catch (error) {
      throw error instanceof ChecksumError ? this.#refused(error.message, error) : error;
    }
  }

  /** An image that refers to other files of the host would let its author read them. */
  async #check(path: string, format: string, signal: AbortSignal): Promise<void> {
    const result = await runTool('qemu-img', ['info', '-f', format, '--output=json', path], this.tools.env, signal);
    if (result.status !== 0) throw this.#refused(`not a ${format} image: ${result.stderr.trim()}`);
    const info = JSON.parse(result.stdout) as Readonly<Record<string, unknown>>;
    const data = (info['format-specific'] as { data?: Readonly<Record<string, unknown>> } | undefined)?.data;
    if (info['backing-filename'] !== undefined || data?.['data-file'] !== undefined) {
      throw this.#refused('image refers to another file');
    }
  }

  #cloudImage(name: string): QemuCloudImageSection | undefined {
    return this.config.cloudImages.get(name)?.section as QemuCloudImageSection | undefined;
  }

  #refused(reason: string, cause?: unknown): RefusedError {
    return new RefusedError(this.config.name, reason, cause === undefined ? {} : { cause });
  }
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
