import type { ImageWish } from '../decide/image-snapshot';
import { contentNotes } from '../decide/content-key';
import { type BuildAction, planBuilds } from '../decide/plan-builds';
import { newBuild, sortedFormats } from '../model/image-records';
import { RawJson } from '../model/json';
import { type BuildKey, buildPath } from '../model/paths';
import type { ImageBuild } from '../model/records';
import { wallSeconds } from '../runtime/clock';
import { ClaimLostError, type ImageClaim, type Stored } from '../store/api';
import { ZkError } from '../zk/errors';
import { buildLogs, type BuilderContext, settledImages } from './context';
import { checkRoom } from './disk-space';
import type { BuildFailure } from './events';
import { type ImageOrder, type ImageOutcome, makeImage, stoppedBy } from './make-image';
import { rememberEnd, rememberStart } from './remember-build';
import { keyBuild } from './unchanged-image';

/** What became of a build that was due. `skipped`: somebody else has it, or it is not due any more. */
export type BuildResult =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: BuildFailure };

/**
 * Builds one image under its build lock (builder.md 4 and 5). The lock is held the whole time, so an image is built once at a
 * time in the fleet; when it is lost, the tool is killed, the files go, and nothing more is written: whoever cleans up finds
 * a `building` record without a lock.
 */
export async function buildImage(
  context: BuilderContext,
  wanted: BuildAction,
  signal: AbortSignal,
): Promise<BuildResult> {
  const claim = await context.store.images.claimImage(wanted.image, signal);
  if (claim === undefined) return { kind: 'skipped' };
  const held = AbortSignal.any([signal, claim.signal]);
  try {
    return await buildUnderLock(context, wanted.image, claim, held);
  } catch (error) {
    if (!held.aborted && !(error instanceof ClaimLostError)) throw error;
    return { kind: 'failed', failure: stoppedBy(held) };
  } finally {
    await claim.release();
  }
}

async function buildUnderLock(
  context: BuilderContext,
  image: string,
  claim: ImageClaim,
  held: AbortSignal,
): Promise<BuildResult> {
  const images = await settledImages(context, held);
  const now = wallSeconds(context.tools.clock);
  const wishes = context.wishes();
  // Somebody else may have built it between our look and the lock.
  const due = planBuilds(wishes, images, now).find((it) => it.image === image);
  if (due === undefined) return { kind: 'skipped' };
  const wish = wishes.images.get(image)!;
  const keyed = await keyBuild(context, due, wish, images.get(image), claim, held);
  if (keyed.unchanged) return { kind: 'skipped' };
  const noRoom = await checkRoom(context, images.get(image));
  if (noRoom !== undefined) {
    context.onEvent({ kind: 'build-failed', image, failure: noRoom });
    return { kind: 'failed', failure: noRoom };
  }
  return buildOnce(context, { ...due, contentKey: keyed.key }, wish, claim, held);
}

/** A build that is going to be made. */
interface KeyedAction extends BuildAction {
  readonly contentKey: string | undefined;
}

async function buildOnce(
  context: BuilderContext,
  due: KeyedAction,
  wish: ImageWish,
  claim: ImageClaim,
  held: AbortSignal,
): Promise<BuildResult> {
  const { identity, tools } = context;
  const startedAt = wallSeconds(tools.clock);
  const startedMs = tools.clock.monotonic();
  const config = context.config();
  const { key, stored } = await claim.createBuild(
    newBuild({ builder: identity.fqdn, builderId: identity.id, formats: [...wish.formats], stateTime: startedAt }),
  );
  context.onEvent({ kind: 'build-started', key, reasons: due.reasons, log: buildLogs(config).file(key) });
  const { formats: wanted } = wish;
  const order: ImageOrder = { key, image: wish.config, formats: wanted, config, contentKey: due.contentKey };
  const begun = { key, reasons: due.reasons, formats: wanted, startedAt };
  const remembered = rememberStart(context, begun, claim.signal); // the tool need not wait for it
  const made = await makeImage(context, order, held);
  const outcome = await record(context, order, claim, stored, made);
  await summarize(context, order, due, outcome, startedAt);
  await remembered;
  await rememberEnd(context, begun, outcome.kind === 'failed' ? outcome.failure : undefined, claim.signal);
  const tookMs = tools.clock.monotonic() - startedMs;
  if (outcome.kind === 'failed') {
    context.onEvent({ kind: 'build-failed', image: key.image, key, failure: outcome.failure, tookMs });
    return outcome;
  }
  const formats = sortedFormats([...wish.formats]);
  const bytes = await context.folder.bytesByFormat(key, formats);
  context.onEvent({ kind: 'build-ready', key, formats, bytes, tookMs });
  if (due.requestedAt !== undefined) await context.store.images.removeBuildRequest(key.image);
  return { kind: 'ready' };
}

/** Writes how the build ended, if it is still ours to write. A READY that was not written is none: its files go. */
async function record(
  context: BuilderContext,
  order: ImageOrder,
  claim: ImageClaim,
  stored: Stored<ImageBuild>,
  made: ImageOutcome,
): Promise<ImageOutcome> {
  try {
    await claim.writeBuild(order.key, stored, finalRecord(context, order, made));
    return made;
  } catch (error) {
    if (!(error instanceof ClaimLostError) && !claim.signal.aborted) throw error;
    if (made.kind === 'failed' || !(await mayBeReady(context, order.key))) await context.folder.deleteBuild(order.key);
    const message = error instanceof ClaimLostError ? error.reason : 'session';
    return made.kind === 'failed'
      ? made
      : {
          kind: 'failed',
          failure: { cause: 'session-lost', message: `could not be recorded: ${message}`, exitCode: 0 },
          lastLines: [],
        };
  }
}

/**
 * A session that ends keeps to itself what became of its last write; the next one can look. Files that stay because nobody could
 * are taken by clean-up, with the record, if that is not READY.
 */
async function mayBeReady({ store }: BuilderContext, key: BuildKey): Promise<boolean> {
  try {
    await store.zk.connected();
    await store.zk.sync(buildPath(key)); // the link may lead to another server now
    return (await store.images.getBuild(key))?.record.state === 'ready';
  } catch (error) {
    if (error instanceof ZkError) return true;
    throw error;
  }
}

/** zk-tree 4. Python's readers ignore `failure`, and a failed record has no formats. */
function finalRecord(context: BuilderContext, order: ImageOrder, made: ImageOutcome): Partial<ImageBuild> {
  const { username, pythonPath, shellType } = order.image;
  const about = { stateTime: wallSeconds(context.tools.clock), username, pythonPath, shellType };
  if (made.kind === 'made') {
    const notes = order.contentKey === undefined ? {} : { unknown: contentNotes(order.contentKey) };
    return { ...about, state: 'ready', formats: sortedFormats([...order.formats]), ...notes };
  }
  const failure = RawJson.of({ ...made.failure, last_lines: made.lastLines.slice(-5).map((it) => it.slice(0, 400)) });
  return { ...about, state: 'failed', formats: [], unknown: { failure } };
}

async function summarize(
  context: BuilderContext,
  order: ImageOrder,
  due: BuildAction,
  outcome: ImageOutcome,
  startedAt: number,
): Promise<void> {
  const failure = outcome.kind === 'failed' ? { ...outcome.failure } : {};
  const summary = {
    ...order.key,
    result: outcome.kind === 'failed' ? ('failed' as const) : ('ready' as const),
    reasons: due.reasons,
    ...failure,
    startedAt,
    endedAt: wallSeconds(context.tools.clock),
    lastLines: outcome.kind === 'failed' ? outcome.lastLines : [],
  };
  await buildLogs(order.config)
    .writeSummary(summary)
    .catch((error: unknown) =>
      context.tools.log.warn('build summary not written', { ...logKey(order.key), err: error }),
    );
}

function logKey(key: BuildKey): Readonly<Record<string, string>> {
  return { image: key.image, build: key.build };
}
