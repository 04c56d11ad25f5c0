import { stat } from 'node:fs/promises';
import type { ProviderDiskImageConfig } from '../config/types';
import { INSTALLATION_ID } from '../decide/image-orphans';
import { type LocalFiles } from '../decide/image-files';
import { type ImageSnapshots } from '../decide/image-snapshot';
import { planUploads, type UploadAction, uploadName } from '../decide/plan-uploads';
import { DriverError, errorLine, NotFoundError, RateLimitedError } from '../drivers/errors';
import { logTrouble } from '../drivers/log-trouble';
import { newUpload } from '../model/image-records';
import type { UploadKey } from '../model/paths';
import type { ImageUpload } from '../model/records';
import { wallSeconds } from '../runtime/clock';
import { ClaimLostError, type Stored, type UploadsClaim } from '../store/api';
import { ProgressReport } from '../store/upload-progress';
import { type BuilderContext, settledImages } from './context';
import type { BuildFailure } from './events';
import { cloudImageName } from './image-name';
import { stoppedBy } from './make-image';
import type { ConnectedImages } from './provider-connections';
import { HookError, runHook } from './upload-hook';
import { validateUpload, ValidationError } from './validate-upload';

export type UploadResult =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: BuildFailure; readonly atLeastMs?: number };

/**
 * Uploads one build to one provider under their upload lock (builder.md 8). The record precedes the upload and the cloud
 * image carries its ids, so whatever is left in the cloud by a crash can be told from what is known.
 */
export async function uploadBuild(
  context: BuilderContext,
  action: UploadAction,
  signal: AbortSignal,
): Promise<UploadResult> {
  const done = await context.providers.use(action.provider, async (connected): Promise<UploadResult> => {
    const claim = await context.store.images.claimUploads(action.build, action.provider, signal);
    if (claim === undefined) return { kind: 'skipped' };
    try {
      return await new Upload(context, action, connected, claim, signal).run();
    } finally {
      await claim.release();
    }
  });
  return done ?? { kind: 'failed', failure: { cause: 'provider', message: 'provider is not open' } };
}

/** One upload that has its lock. */
class Upload {
  readonly #held: AbortSignal;

  constructor(
    private readonly context: BuilderContext,
    private readonly action: UploadAction,
    private readonly connected: ConnectedImages,
    private readonly claim: UploadsClaim,
    signal: AbortSignal,
  ) {
    this.#held = AbortSignal.any([signal, claim.signal]);
  }

  async run(): Promise<UploadResult> {
    const { context, action } = this;
    try {
      const [images, files] = await Promise.all([settledImages(context, this.#held), context.folder.list()]);
      const image = this.connected.config.diskImages.get(action.build.image);
      if (image === undefined || !this.#isStillDue(images, files)) return { kind: 'skipped' };
      const build = images.get(action.build.image)!.builds.get(action.build.build)!.record!;
      const { username, pythonPath, shellType } = build;
      const about = { username, pythonPath, shellType };
      const record = newUpload({ stateTime: wallSeconds(context.tools.clock), ...about });
      const { key, stored } = await this.claim.createUpload(record);
      return await this.#transfer(key, stored, image, about);
    } catch (error) {
      if (!this.#held.aborted && !(error instanceof ClaimLostError)) throw error;
      return { kind: 'failed', failure: stoppedBy(this.#held) };
    }
  }

  /** The newest READY build may be another one by now, or uploaded, or its file gone. Locks are ours and do not count. */
  #isStillDue(images: ImageSnapshots, files: LocalFiles): boolean {
    const due = planUploads(this.context.wishes(), images, files);
    return due.some((it) => uploadName(it) === uploadName(this.action) && it.format === this.action.format);
  }

  async #transfer(
    key: UploadKey,
    stored: Stored<ImageUpload>,
    image: ProviderDiskImageConfig,
    about: Pick<ImageUpload, 'username' | 'pythonPath' | 'shellType'>,
  ): Promise<UploadResult> {
    const { context, action } = this;
    const { clock } = context.tools;
    const startedMs = clock.monotonic();
    const externalName = cloudImageName(this.connected.config.imageNameFormat, key, wallSeconds(clock));
    let externalId: string | undefined;
    let mayBeRecorded = false;
    using progress = new ProgressReport({ ...context.tools, zk: context.store.zk }, key);
    try {
      externalId = await this.#send(key, image, externalName, progress);
      await this.#runHook(externalId);
      await this.#validate(key, image, externalId, progress);
      const ready = { ...about, state: 'ready', externalId, externalName, format: action.format } as const;
      mayBeRecorded = true;
      await this.claim.writeUpload(key, stored, { ...ready, stateTime: wallSeconds(clock) });
      context.onEvent({ kind: 'upload-ready', key, externalId, tookMs: clock.monotonic() - startedMs });
      return { kind: 'ready' };
    } catch (error) {
      // A session that ends keeps to itself whether the record is there: an image without one is found by comparing later.
      if (externalId !== undefined && !mayBeRecorded) await this.#withdraw(externalId);
      return await this.#fail(key, stored, error, startedMs);
    }
  }

  async #send(key: UploadKey, image: ProviderDiskImageConfig, name: string, report: ProgressReport): Promise<string> {
    const { context, action } = this;
    const file = context.folder.file(action.build, action.format);
    const [sums, { size }] = await Promise.all([context.folder.checksums(action.build, action.format), stat(file)]);
    const { installationId } = context.config();
    const metadata = {
      ...image.metadata,
      nodepool_build_id: key.build,
      nodepool_upload_id: key.upload,
      nodepool_provider_name: key.provider,
      ...(installationId === undefined ? {} : { [INSTALLATION_ID]: installationId }),
    };
    context.onEvent({ kind: 'upload-started', key, file });
    const spec = { name, metadata, file, format: action.format, image: image.name, ...sums };
    const progress = (bytesDone: number, ofBytes: number) => {
      const bytesTotal = ofBytes || size;
      context.onEvent({ kind: 'upload-progress', key, bytesDone, bytesTotal });
      report.tell({ stage: 'uploading', bytesDone, bytesTotal });
    };
    this.#held.throwIfAborted();
    const { externalId } = await this.connected.images.upload(spec, progress, this.#held);
    return externalId;
  }

  async #runHook(externalId: string): Promise<void> {
    const { postUploadHook } = this.connected.config;
    if (postUploadHook === undefined) return;
    const { action, context } = this;
    const file = context.folder.file(action.build, action.format);
    await runHook(postUploadHook, [action.provider, externalId, file], context.tools, this.#held);
  }

  async #validate(
    key: UploadKey,
    image: ProviderDiskImageConfig,
    externalId: string,
    report: ProgressReport,
  ): Promise<void> {
    if (image.validate === undefined) return;
    report.tell({ stage: 'validating', bytesDone: 0, bytesTotal: 0 }, true);
    this.context.onEvent({ kind: 'upload-validating', key });
    await validateUpload(this.context, this.connected, { key, externalId, image }, image.validate, this.#held);
  }

  /** Takes back what is in the cloud and will not be recorded. What stays nevertheless is found by comparing later. */
  async #withdraw(externalId: string): Promise<void> {
    const { tools } = this.context;
    const patience = new AbortController();
    const timer = tools.clock.after(WITHDRAW_MS, () => patience.abort(new Error('took too long')));
    try {
      await this.connected.images.remove(externalId, patience.signal);
    } catch (error) {
      if (error instanceof NotFoundError) return;
      logTrouble(tools.log, 'warn', 'image was not removed from the provider', error, {
        provider: this.action.provider,
        externalId,
      });
    } finally {
      timer.cancel();
    }
  }

  /**
   * A failed record if the cloud or the hook failed (zk-tree 5: a fresh one, all else null). None if it was us who stopped:
   * nobody needs to look at it, and the next builder may begin at once.
   */
  async #fail(key: UploadKey, stored: Stored<ImageUpload>, error: unknown, startedMs: number): Promise<UploadResult> {
    if (error instanceof ClaimLostError || this.claim.signal.aborted) {
      return { kind: 'failed', failure: stoppedBy(this.claim.signal) };
    }
    if (this.#held.aborted) {
      await this.claim.removeUpload(key);
      return { kind: 'failed', failure: stoppedBy(this.#held) };
    }
    const failure = failureOf(error);
    const { clock } = this.context.tools;
    await this.claim.writeUpload(key, stored, { ...FAILED_UPLOAD, stateTime: wallSeconds(clock) });
    this.context.onEvent({ kind: 'upload-failed', key, failure, tookMs: clock.monotonic() - startedMs, error });
    const atLeastMs = waitAfter(error);
    return { kind: 'failed', failure, ...(atLeastMs === undefined ? {} : { atLeastMs }) };
  }
}

/** How long a failing upload may take to clear up after itself. */
const WITHDRAW_MS = 60_000;

/** The same image is hardly better a moment later, and trying it means to send all of it again. */
const AFTER_VALIDATION_MS = 30 * 60_000;

function waitAfter(error: unknown): number | undefined {
  if (error instanceof ValidationError) return AFTER_VALIDATION_MS;
  return error instanceof RateLimitedError ? error.retryAfterMs : undefined;
}

const FAILED_UPLOAD = {
  state: 'failed',
  externalId: null,
  externalName: null,
  format: null,
  username: null,
  pythonPath: null,
  shellType: null,
} as const satisfies Partial<ImageUpload>;

function failureOf(error: unknown): BuildFailure {
  if (error instanceof DriverError) return { cause: 'provider', message: `${error.code}: ${errorLine(error)}` };
  if (error instanceof ValidationError) return { cause: 'validation', message: error.message };
  if (error instanceof HookError) return { cause: 'hook', message: error.message };
  return { cause: 'internal', message: error instanceof Error ? error.message : String(error) };
}
