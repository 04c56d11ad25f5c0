import type { BuildEntry, ImageEntry, NodeEntry, Store, UploadEntry, View } from '../../store/api';
import { untilSeen } from '../../store/until-seen';
import { IMAGE } from './pool-config';

/** A part of the pipeline ended badly; the message says why and which log to read. */
export class StageFailedError extends Error {
  override readonly name = 'StageFailedError';
}

/** Waits until `look` finds something in a view that is loaded, looking again at every change. */
export async function until<T>(view: View, look: () => T | undefined, signal: AbortSignal): Promise<T> {
  await view.ready(signal);
  return untilSeen(view, look, signal);
}

/** The image's build, when one is ready; throws when one failed. */
export function readyBuild(store: Store, whereToRead: (build: BuildEntry) => string): BuildEntry | undefined {
  const builds = [...(imageEntry(store)?.builds.values() ?? [])];
  const failed = builds.find((it) => it.record?.state === 'failed');
  if (failed !== undefined) throw new StageFailedError(`the image build failed; ${whereToRead(failed)}`);
  return builds.find((it) => it.record?.state === 'ready');
}

/** The upload of the image, when one is ready; throws when one failed. */
export function readyUpload(store: Store, whereToRead: () => string): UploadEntry | undefined {
  const failed = uploads(store).find((it) => it.record?.state === 'failed');
  if (failed !== undefined) {
    throw new StageFailedError(`the upload to ${failed.key.provider} failed; ${whereToRead()}`);
  }
  return uploads(store).find((it) => it.record?.state === 'ready');
}

/** Throws when the launcher has given up a request, as those for spare nodes are; never finds anything. */
export function checkLaunches(store: Store, whereToRead: () => string): NodeEntry[] | undefined {
  const failed = [...store.requests.view().requests.values()].find((it) => it.record?.state === 'failed');
  if (failed !== undefined) throw new StageFailedError(`request ${failed.id} failed; ${whereToRead()}`);
  return undefined;
}

export function uploads(store: Store): UploadEntry[] {
  const builds = [...(imageEntry(store)?.builds.values() ?? [])];
  return builds.flatMap((build) => [...build.providers.values()].flatMap((it) => [...it.uploads.values()]));
}

/** Nodes that are ready and free. */
export function spareNodes(store: Store): NodeEntry[] {
  return [...store.nodes.view().nodes.values()].filter(
    (it) => it.record?.state === 'ready' && it.record.allocatedTo === null && !it.locked,
  );
}

/** `2 ready, 1 building`. */
export function nodeSummary(store: Store): string {
  const counts = new Map<string, number>();
  for (const { record } of store.nodes.view().nodes.values()) {
    if (record !== undefined) counts.set(record.state, (counts.get(record.state) ?? 0) + 1);
  }
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

function imageEntry(store: Store): ImageEntry | undefined {
  return store.images.view().images.get(IMAGE);
}
