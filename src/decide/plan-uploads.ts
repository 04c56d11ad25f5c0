import type { BuildKey } from '../model/paths';
import { buildName, fileSuffix, type LocalFiles } from './image-files';
import { type ImageSnapshots, type ImageWishes, isUploaded, type ProviderWish, readyBuilds } from './image-snapshot';

/** One upload that is due and possible from here. */
export interface UploadAction {
  readonly kind: 'upload';
  readonly build: BuildKey;
  readonly provider: string;
  readonly format: string;
}

/** Identifies what an upload works on: at most one at a time (zk-tree 10.2). */
export function uploadName(it: Pick<UploadAction, 'build' | 'provider'>): string {
  return `${it.provider}/${buildName(it.build)}`;
}

/**
 * The uploads that are due and whose file is here, provider by provider in the order of the file (builder.md 8.1, steps 1 to
 * 5): only the most recent READY build of an image, and only where no READY upload of it exists. Which of them to begin
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
    return isUploaded(newest.entry, name) ? [] : [{ kind: 'upload', build, provider: name, format }];
  });
}

/** How many uploads each provider has running. */
export type RunningUploads = ReadonlyMap<string, number>;

/**
 * How many workers one provider may use at once. As long as there are workers enough, one is kept back for every other
 * provider, so a slow cloud never takes the last one from the others.
 */
export function uploadShare(workers: number, providers: number): number {
  return Math.max(1, workers - Math.max(0, providers - 1));
}

/**
 * The uploads to begin now: always one of the provider with the fewest running, never more than its share, until the
 * workers are used up.
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
  let free = workers - [...running.values()].reduce((sum, it) => sum + it, 0);
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
