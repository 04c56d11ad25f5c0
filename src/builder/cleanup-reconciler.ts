import { CLEANUP_RETRY } from '../decide/build-retry';
import { isAbandonedBuild, planFileCleanup, type FileAction } from '../decide/cleanup-files';
import { buildName } from '../decide/image-files';
import type { ImageSnapshots } from '../decide/image-snapshot';
import { type CleanupAction, planCleanup } from '../decide/plan-cleanup';
import type { BuildKey } from '../model/paths';
import { RecordError } from '../model/record-error';
import { uploadPath } from '../model/paths';
import { wallSeconds } from '../runtime/clock';
import type { Reconciler } from '../runtime/reconcile';
import { removeUpload, type StepResult, takeStep } from './cleanup-actions';
import { type BuilderContext, freshImages, OFFLINE_PERIOD_MS, PERIOD_MS } from './context';
import { Jobs } from './jobs';
import { clearLeftovers } from './leftovers';
import { Retries } from './retries';
import { listTempFolders } from './temp-folder';

/**
 * Retires builds and uploads, and clears the local folder (builder.md 9). Steps in the tree are taken at once, one after
 * the other; removals from a cloud run as one job per provider, so that a slow cloud holds up nobody else.
 */
export class CleanupReconciler implements Reconciler {
  readonly name = 'cleanup';
  readonly retries: Retries;
  readonly #jobs: Jobs;

  constructor(
    private readonly context: BuilderContext,
    /** What this process is building right now: never touched here. */
    private readonly isBuildingHere: (image: string) => boolean,
    wake: () => void,
  ) {
    this.retries = new Retries(CLEANUP_RETRY, context.tools, context.onEvent);
    this.#jobs = new Jobs(wake, ({ name }, error) => {
      context.tools.log.error('removal crashed', { provider: name, err: error });
    });
  }

  async pass(signal: AbortSignal): Promise<{ readonly againInMs: number }> {
    const images = freshImages(this.context);
    if (images === undefined) return { againInMs: OFFLINE_PERIOD_MS };
    const nowSeconds = wallSeconds(this.context.tools.clock);
    const { actions, nextAt } = planCleanup(this.context.wishes(), images, nowSeconds);
    this.retries.keepOnly(new Set(actions.map(actionName)));
    const open = actions.filter((it) => !isLocked(images, it));
    this.#startRemovals(open);
    for (const it of open) {
      if (it.kind !== 'remove-upload') await this.#attempt(it, () => takeStep(this.context, it, signal), signal);
    }
    await this.#clearFiles(images, signal);
    await this.#clearTempFolders(images, signal);
    const waits = actions.map((it) => this.retries.waitMs(actionName(it))).filter((it) => it > 0);
    const shownMs = nextAt === undefined ? PERIOD_MS : Math.max(0, (nextAt - nowSeconds) * 1000) + 1;
    return { againInMs: Math.min(PERIOD_MS, shownMs, ...waits) };
  }

  close(reason: string): Promise<void> {
    return this.#jobs.close(reason);
  }

  #startRemovals(actions: readonly CleanupAction[]): void {
    const due = actions.flatMap((it) => (it.kind === 'remove-upload' ? [it] : []));
    const providers = new Set(due.map((it) => it.upload.provider));
    for (const provider of providers) {
      const list = due.filter((it) => it.upload.provider === provider && this.retries.waitMs(actionName(it)) === 0);
      if (list.length === 0) continue;
      this.#jobs.start(provider, provider, async (signal) => {
        for (const it of list) await this.#attempt(it, () => removeUpload(this.context, it.upload, signal), signal);
      });
    }
  }

  /** Errors stay with their action: it waits and is tried again, everything else goes on. */
  async #attempt(action: CleanupAction, work: () => Promise<StepResult>, signal: AbortSignal): Promise<void> {
    const name = actionName(action);
    if (signal.aborted || this.retries.waitMs(name) > 0) return;
    try {
      const result = await work();
      this.retries.succeeded(name);
      if (result === 'done') this.context.onEvent({ kind: 'cleanup', action });
      else this.retries.postpone(name);
    } catch (error) {
      if (signal.aborted) return;
      this.context.onEvent({ kind: 'cleanup-failed', action, error });
      const cause = action.kind === 'remove-upload' ? 'provider' : 'internal';
      this.retries.failed(name, { cause, message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #clearFiles(images: ImageSnapshots, signal: AbortSignal): Promise<void> {
    const files = await this.context.folder.list();
    for (const action of planFileCleanup(this.context.wishes(), images, files)) {
      if (signal.aborted) return;
      const isBusy = action.kind === 'delete-files' && this.isBuildingHere(action.build.image);
      if (!isBusy && (await this.#isConfirmed(action))) await this.#carryOut(action);
    }
  }

  /** The view may be a moment old, and a file deleted by mistake takes hours to make again: ask the server. */
  async #isConfirmed(action: FileAction): Promise<boolean> {
    if (action.kind === 'prune-formats') return true; // uploads only ever become READY under our eyes, and stay
    try {
      const stored = await this.context.store.images.getBuild(action.build);
      return stored === undefined || stored.record.state === 'deleting';
    } catch (error) {
      if (error instanceof RecordError) return false; // written since, by somebody whom we do not understand
      throw error;
    }
  }

  async #carryOut(action: FileAction): Promise<void> {
    const { folder, onEvent } = this.context;
    if (action.kind === 'prune-formats') {
      await folder.deleteFormats(action.build, action.formats);
      onEvent({ kind: 'files', action, removed: action.formats });
    } else {
      onEvent({ kind: 'files', action, removed: await folder.deleteBuild(action.build) });
    }
  }

  /** What builds left that nobody was there to clear up after: ours from before a crash, or a neighbour's. */
  async #clearTempFolders(images: ImageSnapshots, signal: AbortSignal): Promise<void> {
    const { folder, identity, tools, config } = this.context;
    const places = { imagesDir: folder.path, builderId: identity.id, env: tools.env };
    for (const { key, folder: path } of await listTempFolders(places, config())) {
      if (signal.aborted) return;
      if (this.isBuildingHere(key.image) || !isAbandonedBuild(images, key)) continue;
      if (!(await this.#isAbandonedNow(key))) continue;
      const found = await clearLeftovers(path, tools);
      const count = found.processes.length + found.loops.length + found.mounts.length;
      this.context.onEvent({ kind: 'leftovers', folder: path, found: count });
    }
  }

  async #isAbandonedNow(key: BuildKey): Promise<boolean> {
    return isAbandonedBuild(await this.context.store.images.read(), key);
  }
}

/** Somebody else is at it: their release wakes us. */
function isLocked(images: ImageSnapshots, action: CleanupAction): boolean {
  const key = 'upload' in action ? action.upload : action.build;
  const build = images.get(key.image)?.builds.get(key.build);
  if (!('upload' in action)) return build?.locked === true;
  return build?.providers.get(action.upload.provider)?.uploads.get(action.upload.upload)?.locked === true;
}

function actionName(action: CleanupAction): string {
  return `${action.kind} ${'upload' in action ? uploadPath(action.upload) : buildName(action.build)}`;
}
