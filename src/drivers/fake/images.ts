import { stat } from 'node:fs/promises';
import type { ProviderConfig } from '../../config/types';
import type { Clock } from '../../runtime/clock';
import type { CloudImage, ImageUploadSpec, ProviderImages } from '../driver';
import { linkSignals } from '../../runtime/link-signals';
import { RefusedError, TransientError } from '../errors';
import type { CloudClient } from './client';
import type { ImageView } from './image-shelf';

type CallFunction = CloudClient['call'];

const HOLD_MS = 20_000;
/** How long removing what an aborted upload left may take. */
const CLEAN_UP_MS = 10_000;

/** Images of an account: create the image, stream the data, wait until it can be booted (builder.md 8.2). */
export class FakeImages implements ProviderImages {
  readonly #found = new Map<string, string>();

  constructor(
    private readonly config: ProviderConfig,
    private readonly call: CallFunction,
    private readonly clock: Clock,
  ) {}

  async upload(
    spec: ImageUploadSpec,
    progress: (bytesDone: number, bytesTotal: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly externalId: string }> {
    const total = await this.#sizeOf(spec.file);
    const body = { name: spec.name, format: spec.format, metadata: spec.metadata };
    const { id } = await this.call<ImageView>('POST', 'images', signal, { body });
    const limit = this.#timeLimit();
    const linked = linkSignals(signal, limit.signal);
    try {
      await this.#send(id, spec, total, progress, linked.signal);
      await this.#untilActive(id, linked.signal);
      return { externalId: id };
    } catch (error) {
      await this.#discard(id);
      throw error;
    } finally {
      linked.release();
      limit.cancel();
    }
  }

  /** `image-upload-timeout`: there is no other limit to an upload (builder.md 8.2). */
  #timeLimit() {
    const seconds = this.config.section['image-upload-timeout'];
    const limitMs = 1000 * (typeof seconds === 'number' ? seconds : 3600);
    const controller = new AbortController();
    const timer = this.clock.after(limitMs, () => {
      const cause = new Error(`the upload did not end in ${limitMs} ms`);
      controller.abort(new TransientError(this.config.name, { cause }));
    });
    return { signal: controller.signal, cancel: () => timer.cancel() };
  }

  async remove(externalId: string, signal: AbortSignal): Promise<void> {
    await this.call('DELETE', `images/${encodeURIComponent(externalId)}`, signal, { subject: externalId });
  }

  async list(signal: AbortSignal): Promise<readonly CloudImage[]> {
    const images = await this.call<ImageView[]>('GET', 'images', signal);
    const ours = images.filter((it) => it.metadata['nodepool_provider_name'] === this.config.name);
    return ours.map((it) => ({ externalId: it.id, name: it.name, metadata: it.metadata }));
  }

  async cloudImageReady(name: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#findCloudImage(name, signal)) !== undefined;
  }

  /** Forgets which images were found by name: what was known may be outdated (drivers.md 4). */
  forget(): void {
    this.#found.clear();
  }

  /** Of a `cloud-images` entry: its `image-id`, else the image of its `image-name` or its own (drivers.md 5.1). */
  async cloudImageId(name: string, signal: AbortSignal): Promise<string | undefined> {
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const found = await this.#findCloudImage(name, signal);
    if (found !== undefined) this.#found.set(name, found);
    return found;
  }

  async #findCloudImage(name: string, signal: AbortSignal): Promise<string | undefined> {
    const section = this.config.cloudImages.get(name)?.section;
    if (typeof section?.['image-id'] === 'string') return section['image-id'];
    const wanted = typeof section?.['image-name'] === 'string' ? section['image-name'] : name;
    const images = await this.call<ImageView[]>('GET', 'images', signal);
    return images.find((it) => it.status === 'active' && (it.name === wanted || it.id === wanted))?.id;
  }

  async #send(
    id: string,
    spec: ImageUploadSpec,
    total: number,
    progress: (bytesDone: number, bytesTotal: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const headers = {
      'content-type': 'application/octet-stream',
      // One sum says it all, and each costs the receiver its time.
      ...(spec.sha256 !== undefined
        ? { 'x-sha256': spec.sha256 }
        : spec.md5 !== undefined
          ? { 'x-md5': spec.md5 }
          : {}),
    };
    const file = { path: spec.file, bytes: total, headers, onProgress: (done: number) => progress(done, total) };
    await this.call('PUT', `images/${id}/data`, signal, { file, subject: id });
  }

  async #untilActive(id: string, signal: AbortSignal): Promise<void> {
    const options = { waitMs: HOLD_MS, subject: id };
    while ((await this.call<ImageView>('GET', `images/${id}`, signal, options)).status !== 'active');
  }

  /** As far as the cloud answers; what is left is found by `list`. */
  async #discard(id: string): Promise<void> {
    const limit = new AbortController();
    const timer = this.clock.after(CLEAN_UP_MS, () => limit.abort(new Error('no answer in time')));
    await this.remove(id, limit.signal).catch(() => undefined);
    timer.cancel();
  }

  async #sizeOf(file: string): Promise<number> {
    const { size } = await stat(file).catch((error: Error) => {
      throw new RefusedError(this.config.name, `cannot read ${file}`, { cause: error });
    });
    return size;
  }
}
