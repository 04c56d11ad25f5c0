import type { DiskImageConfig } from '../config/types';
import { RawJson } from '../model/json';
import type { ImageBuild } from '../model/records';
import type { BuildAction } from './plan-builds';

/** Everything that a build depends on and that can be known before it. */
export interface ContentInputs {
  readonly image: Pick<
    DiskImageConfig,
    'name' | 'elements' | 'envVars' | 'release' | 'username' | 'pythonPath' | 'shellType' | 'validate'
  >;
  readonly formats: ReadonlySet<string>;
  /** Of all files below `elements-dir`; undefined without one. */
  readonly elementsHash: string | undefined;
  /** The words of the image tool's command line, and what its version and its files say. */
  readonly tool: readonly string[];
  /** What the command of `content-key` printed; undefined without one. */
  readonly printed: string | undefined;
}

/** Hex digits; hides what it is made of. */
export type Hash = (text: string) => string;

/**
 * The key of what a build would make: the same for the same inputs, whatever the order of maps and sets. The order of
 * elements counts, since the tool may heed it. Values of the environment go in as hashes of their own, so that no text with
 * a secret in it exists, even in memory.
 */
export function contentKey(inputs: ContentInputs, hash: Hash): string {
  const { image, formats, elementsHash, tool, printed } = inputs;
  const environment = Object.entries(image.envVars)
    .map(([name, value]) => [name, hash(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const { name, elements, release, username, pythonPath, shellType, validate } = image;
  const about = [name, elements, release, username, pythonPath, shellType, validate ?? null];
  const parts = [about, environment, [...formats].sort(), elementsHash ?? null, tool, printed ?? null];
  return hash(JSON.stringify(parts));
}

/** Keys of ours in a build record (docs/tree-additions.md). */
const CONTENT_KEY = 'content_key';
const CHECKED_AT = 'content_checked_at';

/** The key of the inputs that a build was made from, if that is known. */
export function contentKeyOf(build: ImageBuild): string | undefined {
  const value = build.unknown?.[CONTENT_KEY]?.value();
  return typeof value === 'string' ? value : undefined;
}

/** What a READY record says besides: its key, and, of one that would come out the same again, when that was found. */
export function contentNotes(key: string, checkedAt?: number): Readonly<Record<string, RawJson>> {
  return {
    [CONTENT_KEY]: RawJson.of(key),
    ...(checkedAt === undefined ? {} : { [CHECKED_AT]: RawJson.of(checkedAt) }),
  };
}

/**
 * Since when a READY build counts as new, UNIX seconds: since it was made or, for an image with `content-key`, since it was
 * last found to be what another build would make.
 */
export function newSince(build: ImageBuild, config: Pick<DiskImageConfig, 'contentKey'>): number {
  const checkedAt = hasContentKey(config) ? build.unknown?.[CHECKED_AT]?.value() : undefined;
  return typeof checkedAt === 'number' ? Math.max(checkedAt, build.stateTime) : build.stateTime;
}

/** Whether `content-key` is in force: true, or a command. */
export function hasContentKey({ contentKey: wanted }: Pick<DiskImageConfig, 'contentKey'>): boolean {
  return wanted === true || (typeof wanted === 'string' && wanted.trim() !== '');
}

/** Only what is due by age or schedule may be left out: who asks for a build, or for another format, gets one. */
export function mayBeUnchanged({ reasons }: Pick<BuildAction, 'reasons'>): boolean {
  return reasons.length > 0 && reasons.every((it) => it === 'expired' || it === 'scheduled');
}
