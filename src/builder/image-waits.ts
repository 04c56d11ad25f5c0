import type { ImageWait } from '../model/image-waits';
import type { Retry } from '../decide/build-retry';
import type { Clock } from '../runtime/clock';
import type { Retries } from './retries';

/** What this builder is to try again, builds first. The same objects as long as nothing changes. */
export class ImageWaits {
  readonly #known = new WeakMap<Retry, ImageWait>();

  constructor(
    private readonly builds: Retries,
    private readonly uploads: Retries,
    private readonly clock: Clock,
  ) {}

  all(): readonly ImageWait[] {
    const builds = [...this.builds.all()].map(([image, it]) => this.#wait({ image, provider: null }, it));
    const uploads = [...this.uploads.all()].map(([name, it]) => {
      const slash = name.indexOf('/'); // neither name has one: both are parts of paths
      return this.#wait({ provider: name.slice(0, slash), image: name.slice(slash + 1) }, it);
    });
    return [...builds, ...uploads];
  }

  #wait(what: Pick<ImageWait, 'image' | 'provider'>, retry: Retry): ImageWait {
    const known = this.#known.get(retry);
    if (known !== undefined) return known;
    const { failures, cause, message } = retry;
    const toWall = this.clock.wall() - this.clock.monotonic();
    const seconds = (monotonicMs: number) => Math.round(monotonicMs + toWall) / 1000;
    const times = { failedAt: seconds(retry.failedAtMs), nextTryAt: seconds(retry.nextTryMs) };
    const wait = { ...what, failures, cause, message, ...times };
    this.#known.set(retry, wait);
    return wait;
  }
}
