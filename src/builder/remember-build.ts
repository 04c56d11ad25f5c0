import type { BuildReason } from '../decide/plan-builds';
import { sortedFormats } from '../model/image-records';
import type { BuildHistoryEntry } from '../model/build-history';
import type { BuildKey } from '../model/paths';
import { wallSeconds } from '../runtime/clock';
import type { BuilderContext } from './context';
import type { BuildFailure } from './events';

/** A build as its history begins. */
export interface BegunBuild {
  readonly key: BuildKey;
  readonly reasons: readonly BuildReason[];
  readonly formats: ReadonlySet<string>;
  /** UNIX seconds. */
  readonly startedAt: number;
}

/** Remembers that a build began. `held` ends the attempt. No history is no reason to build nothing: never rejects. */
export function rememberStart(context: BuilderContext, begun: BegunBuild, held: AbortSignal): Promise<void> {
  return remember(context, { ...entryOf(context, begun), result: 'building' }, held);
}

/** Remembers how it ended. */
export async function rememberEnd(
  context: BuilderContext,
  begun: BegunBuild,
  failure: BuildFailure | undefined,
  held: AbortSignal,
): Promise<void> {
  const formats = sortedFormats([...begun.formats]);
  const made =
    failure === undefined
      ? { result: 'ready' as const, bytes: await context.folder.bytesByFormat(begun.key, formats) }
      : {
          result: 'failed' as const,
          formats: [],
          cause: failure.cause,
          message: failure.message,
          exitCode: failure.exitCode ?? null,
        };
  const endedAt = wallSeconds(context.tools.clock);
  await remember(context, { ...entryOf(context, begun), endedAt, ...made }, held);
}

/** Remembers that a build was due and not made, because `begun.key` is what would come out. */
export function rememberUnchanged(context: BuilderContext, begun: BegunBuild, held: AbortSignal): Promise<void> {
  return remember(context, { ...entryOf(context, begun), result: 'unchanged', endedAt: begun.startedAt }, held);
}

function entryOf({ identity }: BuilderContext, { key, reasons, formats, startedAt }: BegunBuild): BuildHistoryEntry {
  return {
    ...key,
    result: 'building',
    reasons,
    builder: identity.fqdn,
    builderId: identity.id,
    startedAt,
    endedAt: null,
    formats: sortedFormats([...formats]),
    bytes: {},
    cause: null,
    message: null,
    exitCode: null,
  };
}

async function remember(context: BuilderContext, entry: BuildHistoryEntry, held: AbortSignal): Promise<void> {
  try {
    await context.history.remember(entry, held);
  } catch (error) {
    if (held.aborted) return; // with the session; the next build of the image says that this one was lost
    context.tools.log.warn('build history not written', { image: entry.image, build: entry.build, err: error });
  }
}
