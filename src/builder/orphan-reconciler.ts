import { findImageOrphans } from '../decide/image-orphans';
import type { CloudImage } from '../drivers/driver';
import { NotFoundError } from '../drivers/errors';
import { logTrouble } from '../drivers/log-trouble';
import type { Reconciler } from '../runtime/reconcile';
import { type BuilderContext, freshImages, OFFLINE_PERIOD_MS, settledImages } from './context';
import { Jobs } from './jobs';
import { imageProviderNames } from './settings';
import { removeStrayValidations } from './stray-validations';

/** Between looks at one provider; the first is at the start. */
const LOOK_PERIOD_MS = 10 * 60_000;
/** Until the second look that makes a suspect an orphan: as between two cleanup rounds of Python's launchers. */
const SECOND_LOOK_MS = 60_000;

/**
 * Removes cloud images that no upload record knows (builder.md 8.2): each provider is asked for its images with our metadata;
 * one that was unknown in two looks is deleted. One job per provider: a slow one holds up nobody else.
 */
export class OrphanReconciler implements Reconciler {
  readonly name = 'orphans';
  readonly #jobs: Jobs;
  readonly #suspects = new Map<string, ReadonlySet<string>>();
  readonly #nextLookMs = new Map<string, number>();

  constructor(
    private readonly context: BuilderContext,
    wake: () => void,
  ) {
    this.#jobs = new Jobs(wake, ({ name }, error) => {
      logTrouble(context.tools.log, 'warn', 'images of the provider were not compared', error, { provider: name });
    });
  }

  async pass(): Promise<{ readonly againInMs: number }> {
    if (freshImages(this.context) === undefined) return { againInMs: OFFLINE_PERIOD_MS };
    const nowMs = this.context.tools.clock.monotonic();
    const providers = imageProviderNames(this.context.wishes());
    const waits = providers.map((name) => {
      const waitMs = Math.max(0, (this.#nextLookMs.get(name) ?? 0) - nowMs);
      if (this.#jobs.has(name)) return LOOK_PERIOD_MS; // its end wakes us
      if (waitMs > 0) return waitMs;
      this.#nextLookMs.set(name, nowMs + LOOK_PERIOD_MS);
      this.#jobs.start(name, name, (signal) => this.#look(name, signal));
      return LOOK_PERIOD_MS;
    });
    return { againInMs: Math.min(LOOK_PERIOD_MS, ...waits) };
  }

  close(reason: string): Promise<void> {
    return this.#jobs.close(reason);
  }

  async #look(provider: string, signal: AbortSignal): Promise<void> {
    await this.context.providers.use(provider, async (connected) => {
      const { images } = connected;
      const validations = await removeStrayValidations(this.context, connected, signal);
      const cloud = await images.list(signal);
      const unknown = await this.#unknown(provider, cloud, signal);
      const seenBefore = this.#suspects.get(provider) ?? new Set();
      const orphans = unknown.filter((it) => seenBefore.has(it.externalId));
      for (const it of orphans) await this.#remove(provider, it, () => images.remove(it.externalId, signal), signal);
      this.#suspects.set(provider, new Set(unknown.map((it) => it.externalId)));
      if (unknown.length + validations > 0)
        this.#nextLookMs.set(provider, this.context.tools.clock.monotonic() + SECOND_LOOK_MS);
    });
  }

  /** Those without a record in our view, and if there are any, without one in a view that has all writes made so far. */
  async #unknown(provider: string, cloud: readonly CloudImage[], signal: AbortSignal): Promise<readonly CloudImage[]> {
    const owner = { provider, installation: this.context.config().installationId };
    const images = freshImages(this.context);
    if (images !== undefined && findImageOrphans(owner, cloud, images).length === 0) return [];
    return findImageOrphans(owner, cloud, await settledImages(this.context, signal));
  }

  async #remove(provider: string, image: CloudImage, remove: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { externalId, name } = image;
    try {
      await remove();
      this.context.onEvent({ kind: 'orphan-removed', provider, externalId, name });
    } catch (error) {
      if (error instanceof NotFoundError || signal.aborted) return;
      logTrouble(this.context.tools.log, 'warn', 'orphaned image was not removed', error, { provider, externalId });
    }
  }
}
