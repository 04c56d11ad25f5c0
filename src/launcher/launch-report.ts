import { RateLimitedError, type TransientError } from '../drivers/errors';
import { logTrouble } from '../drivers/log-trouble';
import { untilAnswered } from './cloud-call';
import type { HeldNode } from './held-node';
import { type LaunchCause, launchCause } from './launch-cause';
import type { LaunchJob } from './launch-node';
import type { LaunchResult } from './launch-result';
import { LAUNCH_METRICS } from './metrics-definitions';
import { reportLaunch } from './metrics-events';
import type { LauncherTools } from './tools';
import type { Logger } from '../runtime/log';

/** What is told of one launch to whoever counts. */
export interface LaunchReporter {
  /** An attempt, at its end. */
  ended(result: LaunchResult): void;
  /** Something that kept it from succeeding at once. */
  setBack(cause: LaunchCause): void;
}

/** What a launch is told of by. */
export interface LaunchAbout extends Pick<LaunchJob, 'runtime' | 'requestId' | 'request'> {
  readonly label: Pick<LaunchJob['label'], 'name'>;
}

/** For all that is said of one launch. */
export function launchLog(
  node: HeldNode,
  { runtime, requestId, request }: LaunchAbout,
  { log }: Pick<LauncherTools, 'log'>,
): Logger {
  return log.child({
    logger: 'nodepool.NodeLauncher',
    node: node.id,
    provider: runtime.config.name,
    request: requestId,
    event_id: request.eventId,
  });
}

/** Time counts from here on, over all attempts. */
export function launchReporter(node: HeldNode, job: LaunchAbout, { clock, metrics }: LauncherTools): LaunchReporter {
  const began = clock.monotonic();
  const about = { provider: job.runtime.config.name, label: job.label.name };
  return {
    ended: (result) => {
      if (metrics === undefined) return;
      const { requestor } = job.request;
      reportLaunch(metrics.all, { ...about, az: node.record.az, requestor, result, ms: clock.monotonic() - began });
    },
    setBack: (cause) => metrics?.all.count(LAUNCH_METRICS.setbacks, { ...about, cause }),
  };
}

/** How long a cloud may be silent where others could serve the request. */
const PATIENCE_MS = 60_000;
/** After so long without a failed call it has answered in between: it was asked to wait for something. */
const FORGET_MS = 300_000;

/** Calls of one attempt that may be repeated, and what is told of that. */
export class CloudCalls {
  /** What the call under way was answered with last, where that said nothing. */
  unanswered: unknown;
  /** The cloud was silent for too long. */
  gaveUp = false;
  #silent: { readonly sinceMs: number; readonly lastMs: number } | undefined;

  constructor(
    private readonly tools: LauncherTools,
    private readonly report: Pick<LaunchReporter, 'setBack'>,
    private readonly mayGiveUp: () => boolean = () => false,
  ) {}

  /** Ends with the last TransientError when it gives up. */
  async make<T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const answer = await untilAnswered(call, this.tools, signal, (error) => {
      this.unanswered = error;
      if (this.#isSilentTooLong(error) && this.mayGiveUp()) {
        this.gaveUp = true;
        throw error;
      }
      const cause = launchCause(error);
      this.report.setBack(cause);
      logTrouble(this.tools.log, 'info', 'cloud is asked again about a node', error, { cause });
    });
    this.unanswered = undefined;
    this.#silent = undefined;
    return answer;
  }

  #isSilentTooLong(error: RateLimitedError | TransientError): boolean {
    const now = this.tools.clock.monotonic();
    if (error instanceof RateLimitedError)
      this.#silent = undefined; // it has answered
    else {
      const isOn = this.#silent !== undefined && now - this.#silent.lastMs < FORGET_MS;
      this.#silent = { sinceMs: isOn ? this.#silent!.sinceMs : now, lastMs: now };
    }
    return this.#silent !== undefined && now - this.#silent.sinceMs >= PATIENCE_MS;
  }
}
