import type { FileHandle } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Config, DiskImageConfig } from '../config/types';
import type { FailureCause } from '../decide/build-retry';
import type { BuildKey } from '../model/paths';
import { addChecksums } from './add-checksums';
import type { BuildLogs } from './build-log';
import { buildLogs, type BuilderContext } from './context';
import { dibEnvironment, type DibRun, dibWords } from './dib-command';
import { DiskWatch } from './disk-watch';
import type { BuildFailure } from './events';
import { JobCancelled } from './jobs';
import { clearLeftovers } from './leftovers';
import { makeTempFolder, tempFolder } from './temp-folder';
import { reasonLine } from './telling-lines';
import { runTool, type ToolEnd } from './tool-run';
import { validateImage } from './validate-image';

/** What is built: the values with which the build began, whatever the configuration says meanwhile. */
export interface ImageOrder {
  readonly key: BuildKey;
  readonly image: DiskImageConfig;
  readonly formats: ReadonlySet<string>;
  readonly config: Config;
  /** Of its inputs, if the image has `content-key` and it could be known. */
  readonly contentKey?: string | undefined;
}

/** What came of it. After a failure nothing of the build is left but its log. */
export type ImageOutcome =
  | { readonly kind: 'made' }
  | { readonly kind: 'failed'; readonly failure: BuildFailure; readonly lastLines: readonly string[] };

/** Runs the image tool and checks its work (builder.md 5). Never rejects on what the tool, the disk or the signal does. */
export async function makeImage(
  context: BuilderContext,
  order: ImageOrder,
  signal: AbortSignal,
): Promise<ImageOutcome> {
  const failure = await attempt(context, order, signal).catch((error: unknown): BuildFailure => ({
    cause: causeOfError(error),
    message: errorMessage(error),
  }));
  if (failure === undefined) return { kind: 'made' };
  const lastLines = await buildLogs(order.config)
    .lastLines(order.key, Object.values(order.image.envVars))
    .catch(() => []); // they only explain the failure, which must not be lost for want of them
  await context.folder.deleteBuild(order.key);
  return { kind: 'failed', failure: explained(failure, lastLines), lastLines };
}

/** An exit code alone tells nobody anything: the log's line that says why follows it. */
function explained(failure: BuildFailure, lastLines: readonly string[]): BuildFailure {
  const why = failure.message === codeText(failure.exitCode) ? reasonLine(lastLines) : undefined;
  return why === undefined ? failure : { ...failure, message: `${failure.message}: ${why}` };
}

const codeText = (code: number | undefined) => `exit code ${code}`;

async function attempt(
  context: BuilderContext,
  order: ImageOrder,
  signal: AbortSignal,
): Promise<BuildFailure | undefined> {
  const { folder, identity, tools } = context;
  const places = { imagesDir: folder.path, builderId: identity.id, env: tools.env };
  const tempDir = tempFolder(places, order.image, order.key);
  const logs = buildLogs(order.config);
  await logs.prune(order.image.name, order.config.buildLogRetention).catch((error: unknown) => {
    tools.log.warn('old build logs were not removed', { image: order.image.name, folder: logs.path, err: error });
  });
  const log = await logs.open(order.key);
  try {
    await makeTempFolder(tempDir);
    const run: DibRun = {
      ...order,
      prefix: folder.prefix(order.key),
      elementsDir: order.config.elementsDir,
      tempDir,
      packageDir: context.packageDir,
    };
    using disk = new DiskWatch([folder.path, tempDir, logs.path], tools.clock);
    const end = await runDib(context, run, log, signal);
    const failure = (await failureOf(end, order, logs, disk, signal)) ?? (await missingFiles(context, order));
    if (failure !== undefined) return failure;
    await addChecksums(context, order, signal);
    const invalid = await validateImage(context, order, log, signal);
    return signal.aborted ? stoppedBy(signal) : invalid;
  } finally {
    await log.close();
    const found = await clearLeftovers(tempDir, tools);
    const count = found.processes.length + found.loops.length + found.mounts.length;
    if (count > 0) context.onEvent({ kind: 'leftovers', folder: tempDir, found: count });
  }
}

async function runDib(context: BuilderContext, run: DibRun, log: FileHandle, signal: AbortSignal): Promise<ToolEnd> {
  const [file, ...args] = [...context.sandbox, ...dibWords(run)];
  const timeoutMs = run.image.buildTimeout * 1000;
  const end = await runTool(
    { file: file!, args, env: dibEnvironment(run, context.tools.env), outputFd: log.fd },
    { clock: context.tools.clock, timeoutMs },
    signal,
  );
  await log.appendFile(lastLine(end, run.image.buildTimeout)).catch(() => undefined); // a full disk must not hide the outcome
  return end;
}

/** `Exit code: N` as in builder.md 5.3, or why there is none. */
function lastLine(end: ToolEnd, timeoutSeconds: number): string {
  switch (end.kind) {
    case 'exited':
      return `Exit code: ${exitCode(end)}\n`;
    case 'timeout':
      return `Killed: not done after ${timeoutSeconds} s\n`;
    case 'aborted':
      return 'Killed: the build was stopped\n';
    case 'not-started':
      return `Not started: ${end.error.message}\n`;
  }
}

/** As Python counts: the negative number of the signal that killed it. */
function exitCode(end: Extract<ToolEnd, { kind: 'exited' }>): number {
  const { code, signal } = end.end;
  return code ?? -(signal === null ? 0 : constants.signals[signal]);
}

async function failureOf(
  end: ToolEnd,
  order: ImageOrder,
  logs: BuildLogs,
  disk: DiskWatch,
  signal: AbortSignal,
): Promise<BuildFailure | undefined> {
  switch (end.kind) {
    case 'aborted':
      return stoppedBy(signal);
    case 'timeout':
      return { cause: 'timeout', message: `not done after ${order.image.buildTimeout} s` };
    case 'not-started':
      return { cause: 'tool', message: `cannot start the image tool: ${end.error.message}` };
    case 'exited': {
      const code = exitCode(end);
      if (code === 0) return signal.aborted ? stoppedBy(signal) : undefined;
      const full = await disk.whyFull(await logs.tail(order.key, []));
      return full === undefined
        ? { cause: 'tool', message: codeText(code), exitCode: code }
        : { cause: 'disk', message: `${full}, ${codeText(code)}`, exitCode: code };
    }
  }
}

/** A tool that was told to stop: by us, or because the lock is gone. */
export function stoppedBy(signal: AbortSignal): BuildFailure {
  const reason: unknown = signal.reason;
  if (reason instanceof JobCancelled) return { cause: 'cancelled', message: reason.reason };
  return { cause: 'session-lost', message: 'the lock was lost with the ZooKeeper session' };
}

/** Exit code 0 is not enough: the tool may leave out a format that it cannot make, or not in this order. */
async function missingFiles(context: BuilderContext, order: ImageOrder): Promise<BuildFailure | undefined> {
  const missing = await context.folder.missingFormats(order.key, order.formats);
  if (missing.length === 0) return undefined;
  return { cause: 'tool', message: `the tool made no file for ${missing.join(', ')}`, exitCode: 0 };
}

function causeOfError(error: unknown): FailureCause {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk' : 'internal';
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
