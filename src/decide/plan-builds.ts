import { newSince } from './content-key';
import { lastDue } from './cron-times';
import {
  type ImageSnapshot,
  type ImageSnapshots,
  type ImageWish,
  type ImageWishes,
  type ReadyBuild,
  readyBuilds,
} from './image-snapshot';

export type BuildReason = 'requested' | 'missing' | 'expired' | 'scheduled' | 'format-missing';

/** One build that is due. */
export interface BuildAction {
  readonly kind: 'build';
  readonly image: string;
  /** At least one; `requested` comes first. */
  readonly reasons: readonly BuildReason[];
  /** When the request was made that this build will answer: UNIX seconds; undefined if none was there. */
  readonly requestedAt: number | undefined;
}

/**
 * The builds that are due (builder.md 4): the requested ones first, because somebody waits, then in the order of the file.
 * An image that is both asked for and due by schedule is built once: that build begins after the request was made and
 * satisfies both. (Python builds it twice in a row; the second build serves nobody.) Failed and running builds do not count as
 * one that we have, so a failing image stays due: how soon to retry is the caller's business, and so are the locks.
 */
export function planBuilds(wishes: ImageWishes, images: ImageSnapshots, nowSeconds: number): readonly BuildAction[] {
  const { schedule } = wishes;
  const scheduledAt = schedule && lastDue(schedule.cron, nowSeconds, schedule.machineZone);
  const times = { nowSeconds, scheduledAt: scheduledAt ?? -Infinity };
  const due = [...wishes.images.values()].flatMap((wish) => planBuild(wish, images.get(wish.config.name), times));
  return [...due.filter((it) => it.requestedAt !== undefined), ...due.filter((it) => it.requestedAt === undefined)];
}

interface Times {
  readonly nowSeconds: number;
  /** When all images were last to be built, whatever their age. */
  readonly scheduledAt: number;
}

function planBuild(wish: ImageWish, image: ImageSnapshot | undefined, times: Times): BuildAction[] {
  if (wish.config.pause || image?.paused === true || wish.formats.size === 0) return [];
  const requestedAt = image?.buildRequestedAt;
  const scheduled = reasonToBuild(wish, readyBuilds(image)[0], times);
  const reasons: BuildReason[] = [
    ...(requestedAt === undefined ? [] : (['requested'] as const)),
    ...(scheduled === undefined ? [] : [scheduled]),
  ];
  return reasons.length === 0 ? [] : [{ kind: 'build', image: wish.config.name, reasons, requestedAt }];
}

function reasonToBuild(
  wish: ImageWish,
  newest: ReadyBuild | undefined,
  { nowSeconds, scheduledAt }: Times,
): Exclude<BuildReason, 'requested'> | undefined {
  if (newest === undefined) return 'missing';
  const { record, entry } = newest;
  const since = newSince(record, wish.config);
  if (Math.floor(nowSeconds) - since >= wish.config.rebuildAge) return 'expired';
  // A build that began before the time and ended after it is not the one that was meant.
  if ((since > record.stateTime ? since : Math.min(since, entry.createdAt)) < scheduledAt) return 'scheduled';
  if ([...wish.formats].some((it) => !record.formats.includes(it))) return 'format-missing';
  return undefined;
}

/**
 * The order in which one builder tries what is due: requested before scheduled as planned, and within these by a hash of
 * builder and image, so that builders that start together each begin with another image instead of all with the first.
 */
export function spreadBuilds(actions: readonly BuildAction[], builderId: string): readonly BuildAction[] {
  const rank = (it: BuildAction) => (it.requestedAt === undefined ? 1 : 0);
  return [...actions].sort(
    (a, b) => rank(a) - rank(b) || spreadHash(builderId + a.image) - spreadHash(builderId + b.image),
  );
}

/** FNV-1a with a final mix: the last letters of a name must move the high bits too. */
function spreadHash(text: string): number {
  let hash = 0x811c9dc5;
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
