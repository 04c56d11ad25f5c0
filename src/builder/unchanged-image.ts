import { contentKeyOf, contentNotes, hasContentKey, mayBeUnchanged } from '../decide/content-key';
import { type ImageSnapshot, type ImageWish, readyBuilds } from '../decide/image-snapshot';
import type { BuildAction } from '../decide/plan-builds';
import { wallSeconds } from '../runtime/clock';
import type { ImageClaim } from '../store/api';
import { keyOfInputs } from './content-inputs';
import type { BuilderContext } from './context';
import { rememberUnchanged } from './remember-build';

/** What is known of a due build's inputs before it begins. */
export interface KeyedBuild {
  /** To be recorded with the build; undefined without `content-key`, or if it cannot be known. */
  readonly key: string | undefined;
  /** Nothing is to be built: the newest build is what would come out, and its record says that it was looked at. */
  readonly unchanged: boolean;
}

/**
 * Whether a due build is worth making (`content-key`). One that is due by age or schedule alone, and whose inputs are those of the newest
 * READY build, is not: the record gets the time of this look, which counts as its age from then on.
 */
export async function keyBuild(
  context: BuilderContext,
  due: BuildAction,
  wish: ImageWish,
  image: ImageSnapshot | undefined,
  claim: ImageClaim,
  held: AbortSignal,
): Promise<KeyedBuild> {
  if (!hasContentKey(wish.config)) return { key: undefined, unchanged: false };
  const key = await keyOfInputs(context, wish, held);
  const newest = readyBuilds(image)[0];
  if (key === undefined || newest === undefined || !mayBeUnchanged(due)) return { key, unchanged: false };
  if (contentKeyOf(newest.record) !== key) return { key, unchanged: false };
  const stored = await context.store.images.getBuild(newest.entry.key);
  if (stored?.record.state !== 'ready') return { key, unchanged: false };
  const checkedAt = wallSeconds(context.tools.clock);
  const unknown = { ...stored.record.unknown, ...contentNotes(key, checkedAt) };
  await claim.writeBuild(newest.entry.key, stored, { unknown });
  const { reasons } = due;
  context.onEvent({ kind: 'build-unchanged', key: newest.entry.key });
  await rememberUnchanged(
    context,
    { key: newest.entry.key, reasons, formats: wish.formats, startedAt: checkedAt },
    claim.signal,
  );
  return { key, unchanged: true };
}
