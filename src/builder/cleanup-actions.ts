import type { CleanupAction } from '../decide/plan-cleanup';
import { NotFoundError } from '../drivers/errors';
import type { BuildKey, UploadKey } from '../model/paths';
import type { BuildState } from '../model/records';
import { wallSeconds } from '../runtime/clock';
import { type BuilderContext } from './context';

/** Whether the step was taken; `busy`: somebody holds the lock, or the record has moved on: the next pass looks again. */
export type StepResult = 'done' | 'busy';

/** Takes one step of the retirement (builder.md 9), under the lock that protects the record. */
export async function takeStep(
  context: BuilderContext,
  action: Exclude<CleanupAction, { kind: 'remove-upload' }>,
  signal: AbortSignal,
): Promise<StepResult> {
  switch (action.kind) {
    case 'mark-upload':
      return markUpload(context, action.upload, signal);
    case 'drop-upload':
      return dropUpload(context, action.upload, signal);
    case 'mark-build':
      return markBuild(context, action.build, action.probe, signal);
    case 'remove-build':
      return (await context.store.images.removeBuild(action.build)) ? 'done' : 'busy';
  }
}

async function markUpload(context: BuilderContext, key: UploadKey, signal: AbortSignal): Promise<StepResult> {
  const claim = await context.store.images.claimUpload(key, signal);
  if (claim === undefined) return 'busy';
  try {
    const { state } = claim.current.record;
    if (state !== 'ready' && state !== 'failed') return 'busy';
    await claim.write({ state: 'deleting', stateTime: wallSeconds(context.tools.clock) });
    return 'done';
  } finally {
    await claim.release();
  }
}

/** Under the upload lock, so that nobody is uploading; the cloud never told an id, so there is only the record to remove. */
async function dropUpload(context: BuilderContext, key: UploadKey, signal: AbortSignal): Promise<StepResult> {
  const claim = await context.store.images.claimUploads(key, key.provider, signal);
  if (claim === undefined) return 'busy';
  try {
    const now = (await context.store.images.read()).get(key.image)?.builds.get(key.build)?.providers.get(key.provider);
    const upload = now?.uploads.get(key.upload);
    if (upload === undefined) return 'done';
    if (upload.broken !== 'empty' && upload.record?.state !== 'uploading') return 'busy';
    await claim.removeUpload(key);
    return 'done';
  } finally {
    await claim.release();
  }
}

const RETIRABLE: readonly BuildState[] = ['ready', 'failed', 'building'];

async function markBuild(
  context: BuilderContext,
  key: BuildKey,
  probe: boolean,
  signal: AbortSignal,
): Promise<StepResult> {
  const image = probe ? await context.store.images.claimImage(key.image, signal) : undefined;
  if (probe && image === undefined) return 'busy'; // somebody builds it
  try {
    const claim = await context.store.images.claimBuild(key, signal);
    if (claim === undefined) return 'busy';
    try {
      const { state } = claim.current.record;
      if (!RETIRABLE.includes(state) || (probe && state !== 'building')) return 'busy';
      await claim.write({ state: 'deleting', stateTime: wallSeconds(context.tools.clock) });
      return 'done';
    } finally {
      await claim.release();
    }
  } finally {
    await image?.release();
  }
}

/**
 * Removes an upload that is `deleting`: in the cloud first, then the record; the number lock is held meanwhile, so that one
 * builder asks the cloud. Gone in the cloud already is a success. Throws what the cloud said.
 */
export async function removeUpload(context: BuilderContext, key: UploadKey, signal: AbortSignal): Promise<StepResult> {
  const claim = await context.store.images.claimUpload(key, signal);
  if (claim === undefined) return 'busy';
  const held = AbortSignal.any([signal, claim.signal]);
  try {
    const { state, externalId } = claim.current.record;
    if (state !== 'deleting') return 'busy';
    if (externalId !== null && !(await removeFromCloud(context, key.provider, externalId, held))) return 'busy';
    await claim.remove();
    return 'done';
  } finally {
    await claim.release();
  }
}

async function removeFromCloud(
  context: BuilderContext,
  provider: string,
  externalId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const done = await context.providers.use(provider, async ({ images }) => {
    try {
      await images.remove(externalId, signal);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
    return true;
  });
  return done === true;
}
