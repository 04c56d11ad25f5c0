import type { BuildEntry, ImageEntry, ImagesView } from '../store/api';
import { untilSeen } from '../store/until-seen';
import { CommandError } from './failure';
import type { ImageTargets } from './image-targets';

/** Ids of records that were there when the wait began: what they say is no answer. */
export function knownRecords(image: ImageEntry | undefined): ReadonlySet<string> {
  const builds = [...(image?.builds.values() ?? [])];
  return new Set(builds.flatMap((it) => [it.key.build, ...uploadsOf(it).map(uploadId)]));
}

/** Waits for a build that is not one of `known` to end; its id. Throws a CommandError when it failed. */
export async function awaitBuild(
  view: ImagesView,
  image: string,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<string> {
  const fresh = (state: string) =>
    [...(view.images.get(image)?.builds.values() ?? [])].find(
      (it) => !known.has(it.key.build) && it.record?.state === state,
    );
  const look = () => {
    const failed = fresh('failed');
    if (failed !== undefined) throw new CommandError(`Build ${image}-${failed.key.build} failed${whyOf(failed)}`);
    return fresh('ready')?.key.build;
  };
  return untilSeen(view, look, signal);
}

/**
 * Waits until every target has a READY upload, of that build or else of any, that is not one of `known`. Throws a
 * CommandError for the first that failed.
 */
export async function awaitUploads(
  view: ImagesView,
  { image, providers }: ImageTargets,
  options: { readonly known: ReadonlySet<string>; readonly build?: string },
  signal: AbortSignal,
  onReady: (provider: string) => void,
): Promise<void> {
  const waiting = new Set(providers);
  const look = (): true | undefined => {
    const builds = [...(view.images.get(image)?.builds.values() ?? [])].filter(
      (it) => options.build === undefined || it.key.build === options.build,
    );
    if (options.build !== undefined && builds.length === 0)
      throw new CommandError(`Build ${options.build} was deleted`);
    for (const it of builds.flatMap(uploadsOf)) {
      const { provider } = it.key;
      if (!waiting.has(provider) || options.known.has(uploadId(it))) continue;
      if (it.record?.state === 'failed') throw new CommandError(`Upload of ${image} to ${provider} failed`);
      if (it.record?.state !== 'ready') continue;
      waiting.delete(provider);
      onReady(provider);
    }
    return waiting.size === 0 ? true : undefined;
  };
  await untilSeen(view, look, signal);
}

const uploadsOf = (build: BuildEntry) => [...build.providers.values()].flatMap((it) => [...it.uploads.values()]);
const uploadId = (it: ReturnType<typeof uploadsOf>[number]) => `${it.key.build}/${it.key.provider}/${it.key.upload}`;

/** What our builders add to a failed record (docs/builder.md). */
function whyOf(build: BuildEntry): string {
  const failure = build.record?.unknown?.['failure']?.value();
  if (typeof failure !== 'object' || failure === null || !('message' in failure)) return '';
  return `: ${String(failure['message'])}`;
}
