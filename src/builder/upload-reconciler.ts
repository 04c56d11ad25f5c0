import { UPLOAD_RETRY } from '../decide/build-retry';
import type { ImageSnapshots } from '../decide/image-snapshot';
import { answeredRequests, chooseUploads, planUploads, type UploadAction, uploadName } from '../decide/plan-uploads';
import type { Reconciler } from '../runtime/reconcile';
import { type BuilderContext, freshImages, OFFLINE_PERIOD_MS, PERIOD_MS } from './context';
import { Jobs } from './jobs';
import { Retries } from './retries';
import { uploadBuild } from './upload-job';

/**
 * Begins the uploads that are due, up to `workers` at a time and fairly over the providers, and cancels those that nobody
 * wants any more. What failed waits, by provider and image; a failing provider makes no other one wait.
 */
export class UploadReconciler implements Reconciler {
  readonly name = 'uploads';
  readonly retries: Retries;
  readonly #jobs: Jobs;
  readonly #running = new Map<string, UploadAction>();

  constructor(
    private readonly context: BuilderContext,
    private readonly workers: number,
    wake: () => void,
  ) {
    this.retries = new Retries(UPLOAD_RETRY, context.tools, context.onEvent);
    this.#jobs = new Jobs(wake, ({ name }, error) => {
      context.tools.log.error('upload crashed', { upload: name, err: error });
      const action = this.#running.get(name);
      const what = action === undefined ? name : retryName(action);
      this.retries.failed(what, { cause: 'internal', message: String(error) }, action && this.#basis(action));
    });
  }

  async pass(): Promise<{ readonly againInMs: number }> {
    const images = freshImages(this.context);
    if (images === undefined) return { againInMs: OFFLINE_PERIOD_MS };
    this.context.providers.update(this.context.config());
    this.#cancelUnwanted(images);
    const wishes = this.context.wishes();
    for (const it of answeredRequests(wishes, images)) {
      await this.context.store.images.removeUploadRequest(it.image, it.provider);
    }
    const planned = planUploads(wishes, images, await this.context.folder.list());
    this.retries.keepOnly(new Set(planned.map(retryName)));
    const open = planned.filter((it) => !this.#jobs.has(uploadName(it)) && !isLocked(images, it));
    const waits = open.map((it) =>
      this.retries.waitMs(retryName(it), { basis: this.#basis(it), requestedAt: it.requestedAt }),
    );
    const ready = open.filter((_, index) => waits[index] === 0);
    const providers = [...wishes.providers.values()].filter((it) => it.diskImages.size > 0).length;
    for (const it of chooseUploads(ready, this.#jobs.groups(), this.workers, providers)) this.#start(it);
    return { againInMs: Math.min(PERIOD_MS, ...waits.filter((it) => it > 0)) };
  }

  /** Whether this process is uploading the image to the provider. */
  isUploading(image: string, provider: string): boolean {
    for (const [name, it] of this.#running) {
      if (it.build.image === image && it.provider === provider && this.#jobs.has(name)) return true;
    }
    return false;
  }

  /** Cancels what is being uploaded and waits until it is cleared away. */
  close(reason: string): Promise<void> {
    return this.#jobs.close(reason);
  }

  /** An upload of a build that is being deleted, or to a provider that does not list the image any more. */
  #cancelUnwanted(images: ImageSnapshots): void {
    const wishes = this.context.wishes();
    for (const [name, { build, provider }] of this.#running) {
      if (!this.#jobs.has(name)) this.#running.delete(name);
      const state = images.get(build.image)?.builds.get(build.build)?.record?.state;
      const listed = wishes.providers.get(provider)?.diskImages.has(build.image) === true;
      if (state !== 'ready') this.#jobs.cancel(name, 'the build is being deleted');
      else if (!listed) this.#jobs.cancel(name, 'the provider does not list the image any more');
    }
  }

  #basis(action: UploadAction): unknown {
    return this.context.config().providers.get(action.provider);
  }

  #start(action: UploadAction): void {
    const name = uploadName(action);
    const basis = this.#basis(action);
    this.#running.set(name, action);
    this.#jobs.start(name, action.provider, async (signal) => {
      const result = await uploadBuild(this.context, action, signal);
      if (result.kind === 'ready') this.retries.succeeded(retryName(action));
      if (result.kind === 'skipped') this.retries.postpone(retryName(action));
      if (result.kind !== 'failed') return;
      const { cause } = result.failure;
      if (cause === 'cancelled' || cause === 'session-lost') return;
      const { atLeastMs = 0 } = result;
      const { requestedAt } = action;
      this.retries.failed(retryName(action), { ...result.failure, atLeastMs, requestedAt }, basis);
    });
  }
}

/** A newer build of the image goes on with the waiting of the older one: the cloud is the same. */
function retryName(action: UploadAction): string {
  return `${action.provider}/${action.build.image}`;
}

function isLocked(images: ImageSnapshots, { build, provider }: UploadAction): boolean {
  return images.get(build.image)?.builds.get(build.build)?.providers.get(provider)?.locked === true;
}
