import type { Config } from '../config/types';
import type { ImageSnapshots, ImageWishes } from '../decide/image-snapshot';
import type { DriverTools } from '../drivers/driver';
import type { Store } from '../store/api';
import type { BuildHistory } from '../store/build-history';
import { BuildLogs, DEFAULT_BUILD_LOG_DIR } from './build-log';
import type { OnBuilderEvent } from './events';
import type { BuilderIdentity } from './identity';
import type { ImageFolder } from './image-folder';
import type { ProviderConnections } from './provider-connections';

/** What every part of a running builder works with. */
export interface BuilderContext {
  readonly store: Store;
  readonly folder: ImageFolder;
  readonly identity: BuilderIdentity;
  readonly providers: ProviderConnections;
  readonly tools: DriverTools;
  readonly onEvent: OnBuilderEvent;
  /** What became of builds, for people. */
  readonly history: BuildHistory;
  /** Words before the image tool; see `probeSandbox`. */
  readonly sandbox: readonly string[];
  /** What `%p` in `dib-cmd` stands for. */
  readonly packageDir: string;
  /** Of now: read again at the start of each piece of work, which then keeps what it got. */
  readonly config: () => Config;
  readonly wishes: () => ImageWishes;
}

/** The images in the tree, or undefined while the view is not up to date: nothing is decided on what may be missing. */
export function freshImages(context: BuilderContext): ImageSnapshots | undefined {
  const view = context.store.images.view();
  return view.fresh ? view.images : undefined;
}

/** The images in the tree with everything that was written before the call, by whomever. */
export async function settledImages(context: BuilderContext, signal: AbortSignal): Promise<ImageSnapshots> {
  const view = context.store.images.view();
  await view.settled(signal);
  return view.images;
}

export function buildLogs(config: Config): BuildLogs {
  return new BuildLogs(config.buildLogDir ?? DEFAULT_BUILD_LOG_DIR);
}

/** How long loops rest when nothing wakes them. All they do then is to look at memory and the local folder. */
export const PERIOD_MS = 10_000;
/** While the connection is down; coming back wakes them. */
export const OFFLINE_PERIOD_MS = 30_000;
