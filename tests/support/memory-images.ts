import type { CloudImage, ImageUploadSpec, Provider, ProviderImages } from '../../src/drivers/driver';
import { NotFoundError } from '../../src/drivers/errors';

/** A provider with nothing but images, in memory. `onUpload` may wait, or throw what a cloud would. */
export class MemoryImages implements ProviderImages {
  readonly shelf = new Map<string, CloudImage & { readonly spec?: ImageUploadSpec }>();
  /** How often it was asked for its list. */
  lists = 0;
  onUpload: (spec: ImageUploadSpec, signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  #next = 1;

  constructor(readonly name: string) {}

  async upload(
    spec: ImageUploadSpec,
    progress: (bytesDone: number, bytesTotal: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly externalId: string }> {
    await this.onUpload(spec, signal);
    progress(1, 1);
    const externalId = `${this.name}-${this.#next++}`;
    this.shelf.set(externalId, { externalId, name: spec.name, metadata: spec.metadata, spec });
    return { externalId };
  }

  remove(externalId: string): Promise<void> {
    return this.shelf.delete(externalId) ? Promise.resolve() : Promise.reject(new NotFoundError(this.name, externalId));
  }

  list(): Promise<readonly CloudImage[]> {
    this.lists += 1;
    return Promise.resolve([...this.shelf.values()]);
  }

  cloudImageReady(): Promise<boolean> {
    return Promise.resolve(true);
  }

  asProvider(): Provider {
    const none = () => Promise.reject(new Error('this provider has images only'));
    return {
      name: this.name,
      launch: none,
      settled: none,
      destroy: none,
      list: () => Promise.resolve([]),
      quota: none,
      need: none,
      zones: () => Promise.resolve([]),
      images: this,
      close: () => Promise.resolve(),
    };
  }
}
