import type { Json } from './json';

/** Something that failed and is to be tried again: a build of an image, or its upload to a provider. */
export interface ImageWait {
  readonly image: string;
  /** Null: the build. */
  readonly provider: string | null;
  /** In a row. */
  readonly failures: number;
  /** What kind of failure the last one was. */
  readonly cause: string;
  /** What it said, in one line. */
  readonly message: string;
  /** UNIX seconds. */
  readonly failedAt: number;
  /** Not before; sooner when somebody asks for it, or when the configuration changes. */
  readonly nextTryAt: number;
}

/** What one builder waits for. */
export interface BuilderWaits {
  /** Host name, as in records of builds. */
  readonly builder: string;
  readonly waits: readonly ImageWait[];
}

const LONGEST_MESSAGE = 400;
/** Some 50 kB: a znode is no place for more. */
const MOST_WAITS = 100;

/** Those that are tried next, if they are too many. */
export function printWaits({ builder, waits }: BuilderWaits): Buffer {
  const next = [...waits].sort((a, b) => a.nextTryAt - b.nextTryAt).slice(0, MOST_WAITS);
  return Buffer.from(JSON.stringify({ builder, waits: next.map(waitJson) }));
}

/** As the znode and the web show it. */
export function waitJson(it: ImageWait): Readonly<Record<string, Json>> {
  return {
    image: it.image,
    provider: it.provider,
    failures: it.failures,
    cause: it.cause,
    message: it.message.slice(0, LONGEST_MESSAGE),
    failed_at: it.failedAt,
    next_try_at: it.nextTryAt,
  };
}

/** Undefined for anything else than we write; entries that make no sense are left out. */
export function parseWaits(data: Buffer): BuilderWaits | undefined {
  let value: Json;
  try {
    value = JSON.parse(data.toString('utf8')) as Json;
  } catch {
    return undefined;
  }
  if (!isObject(value) || typeof value['builder'] !== 'string' || !Array.isArray(value['waits'])) return undefined;
  return { builder: value['builder'], waits: value['waits'].flatMap(parseWait) };
}

function parseWait(value: Json): ImageWait[] {
  if (!isObject(value)) return [];
  const { image, provider, failures, cause, message, failed_at: failedAt, next_try_at: nextTryAt } = value;
  if (typeof image !== 'string' || (provider !== null && typeof provider !== 'string')) return [];
  if (typeof failures !== 'number' || typeof failedAt !== 'number' || typeof nextTryAt !== 'number') return [];
  if (typeof cause !== 'string' || typeof message !== 'string') return [];
  return [{ image, provider, failures, cause, message, failedAt, nextTryAt }];
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
