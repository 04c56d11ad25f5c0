import type { ImageSnapshots, ImageWishes } from '../decide/image-snapshot';
import type { Metrics } from '../runtime/metrics/metrics';
import { BUILDER_METRICS } from './metrics-definitions';

/** What this builder has in hand. */
export interface BuilderWork {
  readonly hostname: string;
  isBuilding(image: string): boolean;
  isUploading(image: string, provider: string): boolean;
}

const IDLE = 0;
const BUILDING = 1;
const UPLOADING = 2;
const PAUSED = 3;

/** The gauges told after each cleanup pass (metrics.md 3): the highest state that holds. Gone images become idle, once. */
export function reportImages(metrics: Metrics, images: ImageSnapshots, wishes: ImageWishes, work: BuilderWork): void {
  const { hostname } = work;
  const builds = [...images.values()].map(({ image, paused }) => {
    const isPaused = paused || wishes.images.get(image)?.config.pause === true;
    const value = isPaused ? PAUSED : work.isBuilding(image) ? BUILDING : IDLE;
    return { labels: { hostname, image }, value };
  });
  const uploads = [...wishes.providers.values()].flatMap(({ name: provider, diskImages }) =>
    [...diskImages.values()]
      .filter((it) => images.has(it.name))
      .map(({ name: image, pause }) => {
        const value = pause ? PAUSED : work.isUploading(image, provider) ? UPLOADING : IDLE;
        return { labels: { hostname, image, provider }, value };
      }),
  );
  const requests = [...images.values()].map(({ image, buildRequestedAt, buildLocked }) => ({
    labels: { image },
    value: buildRequestedAt !== undefined && !buildLocked ? 1 : 0,
  }));
  metrics.replace(BUILDER_METRICS.buildState, builds);
  metrics.replace(BUILDER_METRICS.uploadState, uploads);
  metrics.replace(BUILDER_METRICS.imageRequests, requests);
  const sum = requests.reduce((so, it) => so + it.value, 0);
  metrics.set(BUILDER_METRICS.allRequests, {}, sum);
}
