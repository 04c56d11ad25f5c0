import type { BuildKey } from '../model/paths';
import { buildName, fileSuffix, type LocalFiles } from './image-files';
import { type ImageSnapshots, type ImageWishes, isUploaded, type ProviderWish, readyBuilds } from './image-snapshot';

/** One upload that is due and possible from here. */
export interface UploadAction {
  readonly kind: 'upload';
  readonly build: BuildKey;
  readonly provider: string;
  readonly format: string;
  /** When somebody asked for this upload though there is one: UNIX seconds. */
  readonly requestedAt?: number;
}

/** Identifies what an upload works on: at most one at a time (zk-tree 10.2). */
export function uploadName(it: Pick<UploadAction, 'build' | 'provider'>): string {
  return `${it.provider}/${buildName(it.build)}`;
}

/**
 * The uploads that are due and whose file is here, provider by provider in the order of the file (builder.md 8.1, steps 1 to
 * 5): only the most recent READY build of an image, and only where no READY upload of it exists, or none that was begun
 * since one was asked for. Which of them to begin
 * (locks, retries, workers) is the caller's business.
 */
export function planUploads(wishes: ImageWishes, images: ImageSnapshots, files: LocalFiles): readonly UploadAction[] {
  return [...wishes.providers.values()].flatMap((provider) => planProviderUploads(provider, images, files));
}

function planProviderUploads(provider: ProviderWish, images: ImageSnapshots, files: LocalFiles): UploadAction[] {
  const { name, format } = provider;
  if (format === undefined) return [];
  return [...provider.diskImages.values()].flatMap((image): UploadAction[] => {
    const newest = readyBuilds(images.get(image.name))[0];
    if (image.pause || newest === undefined || !newest.record.formats.includes(format)) return [];
    const build = newest.entry.key;
    if (files.get(buildName(build))?.formats.has(fileSuffix(format)) !== true) return [];
    const requestedAt = images.get(image.name)!.uploadRequests.get(name);
    if (isUploaded(newest.entry, name, requestedAt)) return [];
    const request = requestedAt === undefined ? {} : { requestedAt };
    return [{ kind: 'upload', build, provider: name, format, ...request }];
  });
}

/** A request to upload again that nobody needs to wait for any more. */
export interface AnsweredRequest {
  readonly image: string;
  readonly provider: string;
}

/**
 * The requests to upload again that are answered by a READY upload made since, or can never be: the image is not to be
 * uploaded there. Those of providers which this configuration does not know are left to whoever does.
 */
export function answeredRequests(wishes: ImageWishes, images: ImageSnapshots): readonly AnsweredRequest[] {
  return [...images.values()].flatMap((image) =>
    [...image.uploadRequests].flatMap(([provider, requestedAt]): AnsweredRequest[] => {
      const wish = wishes.providers.get(provider);
      if (wish === undefined) return [];
      const newest = readyBuilds(image)[0];
      const isDone = newest !== undefined && isUploaded(newest.entry, provider, requestedAt);
      return isDone || !wish.diskImages.has(image.image) ? [{ image: image.image, provider }] : [];
    }),
  );
}

/** How many uploads each provider has running. */
export type RunningUploads = ReadonlyMap<string, number>;

/**
 * How many uploads run at a time: as many as there are workers, but at least one for every provider, so that a cloud which is
 * slow or hangs never keeps the others waiting. 0 workers upload nothing.
 */
export function uploadPlaces(workers: number, providers: number): number {
  return workers === 0 ? 0 : Math.max(workers, providers);
}

/** How many of these one provider may use at once: one is kept back for every other provider. */
export function uploadShare(workers: number, providers: number): number {
  return Math.max(1, uploadPlaces(workers, providers) - Math.max(0, providers - 1));
}

/**
 * The uploads to begin now: always one of the provider with the fewest running, never more than its share, until the
 * places are used up.
 */
export function chooseUploads(
  due: readonly UploadAction[],
  running: RunningUploads,
  workers: number,
  providers: number,
): readonly UploadAction[] {
  const share = uploadShare(workers, providers);
  const counts = new Map(running);
  const count = (provider: string) => counts.get(provider) ?? 0;
  let free = uploadPlaces(workers, providers) - [...running.values()].reduce((sum, it) => sum + it, 0);
  const waiting = [...due];
  const chosen: UploadAction[] = [];
  while (free > 0) {
    const allowed = waiting.filter((it) => count(it.provider) < share);
    const [first, ...others] = allowed;
    if (first === undefined) break;
    const next = others.reduce((best, it) => (count(it.provider) < count(best.provider) ? it : best), first);
    waiting.splice(waiting.indexOf(next), 1);
    counts.set(next.provider, count(next.provider) + 1);
    chosen.push(next);
    free -= 1;
  }
  return chosen;
}
