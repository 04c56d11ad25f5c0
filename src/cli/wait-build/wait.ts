import { drivers } from '../../drivers/registry';
import type { Config } from '../../config/types';
import type { UploadProgress } from '../../model/upload-progress';
import { Nudge } from '../../runtime/reconcile';
import type { ImageEntry, Store } from '../../store/api';
import { readUploadProgress } from '../../store/upload-progress';
import type { CommandContext } from '../context';
import { ownCommand } from '../own-command';
import { StepDisplay } from './display';
import { newestOf, waitSteps } from './steps';

/** How often what is shown is drawn again, and the progress of uploads asked for. */
const LOOK_MS = 1_000;

/** The providers that an image is uploaded to, as configured here: those of images that are not paused. */
export function uploadTargets(config: Config, image: string): readonly string[] {
  return [...config.providers.values()]
    .filter((it) => drivers.get(it.driver)?.managesImages === true && it.diskImages.get(image)?.pause === false)
    .map((it) => it.name);
}

/**
 * Asks for a build and shows it and its uploads until they are over. Returns the exit status: 0 if all of it succeeded.
 * Interrupted, it rejects; the build goes on.
 */
export async function buildAndWait(context: CommandContext, config: Config, image: string): Promise<number> {
  const { clock, signal } = context;
  const store = await context.store();
  const [images, components] = [store.images.view(), store.components.view()];
  await Promise.all([images.ready(signal), components.ready(signal)]);
  const before = new Set(images.images.get(image)?.builds.keys());
  await store.images.requestBuild(image);
  await images.settled(signal);
  const display = new StepDisplay(context.io.stdout, clock);
  const nudge = new Nudge();
  const unlisten = [images, components].map((it) => it.onChange(() => nudge.nudge()));
  const providers = uploadTargets(config, image);
  const unpause = ownCommand(context, 'image-unpause', image);
  try {
    for (;;) {
      const entry = images.images.get(image);
      const progress = await progressOf(context, store, entry, before);
      const builders = components.builders.size;
      const { steps, status } = waitSteps({ image: entry, before, providers, progress, builders, unpause });
      if (images.fresh) display.show(steps);
      if (status !== undefined && images.fresh) return status;
      await nudge.wait(LOOK_MS, clock, signal);
    }
  } finally {
    for (const it of unlisten) it();
  }
}

async function progressOf(
  context: CommandContext,
  store: Store,
  image: ImageEntry | undefined,
  before: ReadonlySet<string>,
): Promise<ReadonlyMap<string, UploadProgress>> {
  const running = [...(newestOf({ image, before })?.providers ?? [])].flatMap(([provider, { uploads }]) =>
    [...uploads.values()].filter((it) => it.record?.state === 'uploading').map(({ key }) => [provider, key] as const),
  );
  const found = await Promise.all(
    running.map(async ([provider, key]) => {
      const progress = await readUploadProgress({ ...context, zk: store.zk }, key);
      return progress === undefined ? [] : [[provider, progress] as const];
    }),
  );
  return new Map(found.flat());
}
