import type { FailureCause, Retry } from '../decide/build-retry';
import type { BuildReason } from '../decide/plan-builds';
import type { CleanupAction } from '../decide/plan-cleanup';
import type { FileAction } from '../decide/cleanup-files';
import { type BuildKey, type UploadKey, uploadPath } from '../model/paths';
import { DriverError, errorLine } from '../drivers/errors';
import type { Logger } from '../runtime/log';

export interface BuildFailure {
  readonly cause: FailureCause;
  /** One line for people. */
  readonly message: string;
  readonly exitCode?: number;
}

/** What happens in a builder: for the log, for metrics, and what tests wait for. */
export type BuilderEvent =
  | {
      readonly kind: 'build-started';
      readonly key: BuildKey;
      readonly reasons: readonly BuildReason[];
      readonly log: string;
    }
  | {
      readonly kind: 'build-ready';
      readonly key: BuildKey;
      readonly formats: readonly string[];
      /** On disk, by format. */
      readonly bytes: Readonly<Record<string, number>>;
      readonly tookMs: number;
    }
  | {
      readonly kind: 'build-failed';
      readonly image: string;
      readonly key?: BuildKey;
      readonly failure: BuildFailure;
      /** Absent when it did not even begin. */
      readonly tookMs?: number;
    }
  /** A build that was due is not made: it would be what we have. */
  | { readonly kind: 'build-unchanged'; readonly key: BuildKey }
  | { readonly kind: 'upload-started'; readonly key: UploadKey; readonly file: string }
  | {
      readonly kind: 'upload-progress';
      readonly key: UploadKey;
      readonly bytesDone: number;
      readonly bytesTotal: number;
    }
  /** It is in the cloud, and a node is made from it to be checked. */
  | { readonly kind: 'upload-validating'; readonly key: UploadKey }
  | { readonly kind: 'upload-ready'; readonly key: UploadKey; readonly externalId: string; readonly tookMs: number }
  | {
      readonly kind: 'upload-failed';
      readonly key: UploadKey;
      readonly failure: BuildFailure;
      readonly tookMs: number;
      readonly error?: unknown;
    }
  | { readonly kind: 'retry'; readonly what: string; readonly retry: Retry; readonly waitMs: number }
  | { readonly kind: 'cleanup'; readonly action: CleanupAction }
  | { readonly kind: 'cleanup-failed'; readonly action: CleanupAction; readonly error: unknown }
  | { readonly kind: 'files'; readonly action: FileAction; readonly removed: readonly string[] }
  | { readonly kind: 'leftovers'; readonly folder: string; readonly found: number }
  | { readonly kind: 'orphan-removed'; readonly provider: string; readonly externalId: string; readonly name: string };

export type OnBuilderEvent = (event: BuilderEvent) => void;

/** Writes events to the log, one line each; progress of an upload at each tenth, the rest of it only at debug. */
export function logBuilderEvents(log: Logger): OnBuilderEvent {
  const tenths = new Map<string, number>();
  const isNews = (event: BuilderEvent): boolean => {
    if (event.kind === 'upload-ready' || event.kind === 'upload-failed') tenths.delete(uploadPath(event.key));
    if (event.kind !== 'upload-progress' || event.bytesTotal === 0) return false;
    const path = uploadPath(event.key);
    const tenth = Math.floor((10 * event.bytesDone) / event.bytesTotal);
    const before = tenths.get(path) ?? 0;
    // The end is told by another line; that also drops what is kept of uploads that were stopped after it.
    if (tenth >= 10) tenths.delete(path);
    else tenths.set(path, tenth);
    return tenth > before && tenth < 10;
  };
  return (event) => {
    const [level, message, fields] = describe(event);
    log[isNews(event) ? 'info' : level](message, fields);
    if ('error' in event && 'why' in fields) log.debug('where that error arose', { ...fields, err: event.error });
  };
}

type Line = readonly ['debug' | 'info' | 'warn', string, Readonly<Record<string, unknown>>];

function describe(event: BuilderEvent): Line {
  switch (event.kind) {
    case 'build-started':
      return ['info', 'building image', { ...event.key, because: event.reasons.join(','), log: event.log }];
    case 'build-ready':
      return [
        'info',
        'image is ready',
        { ...event.key, formats: event.formats.join(','), seconds: seconds(event.tookMs) },
      ];
    case 'build-failed':
      return ['warn', 'image build failed', { image: event.image, ...event.key, ...failureFields(event.failure) }];
    case 'build-unchanged':
      return ['info', 'image is kept: nothing that it is made from has changed', { ...event.key }];
    case 'upload-started':
      return ['info', 'uploading image', { ...event.key, file: event.file }];
    case 'upload-progress':
      return ['debug', 'upload progress', { ...event.key, bytes: event.bytesDone, of: event.bytesTotal }];
    case 'upload-validating':
      return ['info', 'checking a node made from the upload', { ...event.key }];
    case 'upload-ready':
      return [
        'info',
        'upload is ready',
        { ...event.key, external_id: event.externalId, seconds: seconds(event.tookMs) },
      ];
    case 'upload-failed':
      return [
        'warn',
        'upload failed',
        { ...event.key, ...failureFields(event.failure), ...ownFault(event.failure, event.error) },
      ];
    case 'retry':
      return ['info', 'will try again', retryFields(event.what, event.retry, event.waitMs)];
    case 'cleanup':
      return ['info', `cleanup: ${event.action.kind}`, actionFields(event.action)];
    case 'cleanup-failed':
      return [
        'warn',
        'cleanup failed',
        { action: event.action.kind, ...actionFields(event.action), ...troubleFields(event.error) },
      ];
    case 'files':
      return ['info', `files: ${event.action.kind}`, { ...event.action.build, removed: event.removed.length }];
    case 'leftovers':
      return ['info', 'cleared what an interrupted build left', { folder: event.folder, found: event.found }];
    case 'orphan-removed':
      return ['info', 'removed an image that no record knows', { ...event, kind: undefined }];
  }
}

/** What is known to go wrong outside is told by `why`; the rest has its stack. */
function ownFault({ cause }: BuildFailure, error: unknown): Readonly<Record<string, unknown>> {
  return cause === 'internal' ? { err: error } : {};
}

function troubleFields(error: unknown): Readonly<Record<string, unknown>> {
  return error instanceof DriverError ? { code: error.code, why: errorLine(error) } : { err: error };
}

function failureFields(failure: BuildFailure): Readonly<Record<string, unknown>> {
  return { cause: failure.cause, why: failure.message, exit_code: failure.exitCode };
}

function retryFields(what: string, retry: Retry, waitMs: number): Readonly<Record<string, unknown>> {
  return { what, in_seconds: seconds(waitMs), failures: retry.failures, cause: retry.cause, last: retry.message };
}

function actionFields(action: CleanupAction): Readonly<Record<string, unknown>> {
  const key = 'upload' in action ? action.upload : action.build;
  return { ...key, ...('reason' in action ? { because: action.reason } : {}) };
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
