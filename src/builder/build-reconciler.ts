import { BUILD_RETRY } from '../decide/build-retry';
import { type BuildAction, planBuilds, spreadBuilds } from '../decide/plan-builds';
import { wallSeconds } from '../runtime/clock';
import type { Reconciler } from '../runtime/reconcile';
import { buildImage } from './build-job';
import { type BuilderContext, freshImages, OFFLINE_PERIOD_MS, PERIOD_MS } from './context';
import { Jobs } from './jobs';
import { Retries } from './retries';

/**
 * Begins the builds that are due, up to `workers` at a time. An image that failed waits, longer each time, until its
 * configuration changes or somebody asks for it anew.
 */
export class BuildReconciler implements Reconciler {
  readonly name = 'builds';
  readonly retries: Retries;
  readonly #jobs: Jobs;

  constructor(
    private readonly context: BuilderContext,
    private readonly workers: number,
    wake: () => void,
  ) {
    this.retries = new Retries(BUILD_RETRY, context.tools, context.onEvent);
    this.#jobs = new Jobs(wake, ({ name }, error) => {
      context.tools.log.error('build crashed', { image: name, err: error });
      this.retries.failed(name, { cause: 'internal', message: String(error) }, this.#basis(name));
    });
  }

  async pass(): Promise<{ readonly againInMs: number }> {
    const images = freshImages(this.context);
    if (images === undefined) return { againInMs: OFFLINE_PERIOD_MS };
    const wishes = this.context.wishes();
    this.retries.keepOnly(new Set(wishes.images.keys()));
    const planned = planBuilds(wishes, images, wallSeconds(this.context.tools.clock));
    const open = spreadBuilds(planned, this.context.identity.id).filter(
      (it) => !this.#jobs.has(it.image) && images.get(it.image)?.buildLocked !== true,
    );
    const waits = open.map((it) => ({ action: it, waitMs: this.#waitMs(it) }));
    for (const { action, waitMs } of waits) {
      if (waitMs === 0 && this.#jobs.size < this.workers) this.#start(action);
    }
    return { againInMs: Math.min(PERIOD_MS, ...waits.map((it) => it.waitMs).filter((it) => it > 0)) };
  }

  /** Whether this process is at work on the image: its files and folders are not leftovers. */
  isBuilding(image: string): boolean {
    return this.#jobs.has(image);
  }

  /** Cancels what is being built and waits until it is cleared away. */
  close(reason: string): Promise<void> {
    return this.#jobs.close(reason);
  }

  #waitMs(action: BuildAction): number {
    const { image, requestedAt } = action;
    return this.retries.waitMs(image, { basis: this.#basis(image), requestedAt });
  }

  #basis(image: string): unknown {
    return this.context.wishes().images.get(image);
  }

  #start(action: BuildAction): void {
    const { image, requestedAt } = action;
    const basis = this.#basis(image);
    this.#jobs.start(image, image, async (signal) => {
      const result = await buildImage(this.context, action, signal);
      if (result.kind === 'ready') this.retries.succeeded(image);
      if (result.kind === 'skipped') this.retries.postpone(image);
      if (result.kind !== 'failed' || result.failure.cause === 'cancelled') return;
      // A lost session says nothing about the image.
      if (result.failure.cause !== 'session-lost')
        this.retries.failed(image, { ...result.failure, requestedAt }, basis);
    });
  }
}
