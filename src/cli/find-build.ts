import type { BuildHistoryEntry } from '../model/build-history';
import type { BuildKey } from '../model/paths';
import type { ImageEntry } from '../store/api';

/** A build that may be known by its record, by the history, or by both. */
export interface KnownBuild {
  readonly key: BuildKey;
  readonly builder: string | null;
  readonly builderId: string | null;
  /** UNIX seconds. */
  readonly startedAt: number;
}

/**
 * The build that a user means by an image's name (its last one, also one that failed and is gone), by a build id, or by
 * `<image>-<build id>` as lists show it.
 */
export function findBuild(
  target: string,
  images: ReadonlyMap<string, ImageEntry>,
  history: ReadonlyMap<string, readonly BuildHistoryEntry[]>,
): KnownBuild | undefined {
  const builds = [...fromRecords(images), ...fromHistory(history)];
  const byName = builds.filter(({ key }) => key.image === target);
  const byId = builds.filter(({ key }) => target === key.build || target === `${key.image}-${key.build}`);
  const [first, ...others] = byId.length > 0 ? byId : byName;
  if (first === undefined) return undefined;
  return others.reduce((newest, it) => (it.startedAt > newest.startedAt ? it : newest), first);
}

function fromRecords(images: ReadonlyMap<string, ImageEntry>): KnownBuild[] {
  return [...images.values()].flatMap(({ builds }) =>
    [...builds.values()].flatMap(({ key, record, createdAt }): KnownBuild[] =>
      record === undefined ? [] : [{ key, builder: record.builder, builderId: record.builderId, startedAt: createdAt }],
    ),
  );
}

function fromHistory(history: ReadonlyMap<string, readonly BuildHistoryEntry[]>): KnownBuild[] {
  return [...history.values()].flatMap((entries) =>
    entries
      .filter((it) => it.result !== 'unchanged')
      .map(({ image, build, builder, builderId, startedAt }) => ({
        key: { image, build },
        builder,
        builderId,
        startedAt,
      })),
  );
}
