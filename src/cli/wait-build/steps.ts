import type { UploadProgress } from '../../model/upload-progress';
import type { BuildEntry, ImageEntry, UploadEntry } from '../../store/api';

/** What is known of an image while somebody waits for a build of it. */
export interface WaitFacts {
  readonly image: ImageEntry | undefined;
  /** Ids of the builds that were there when the build was asked for. */
  readonly before: ReadonlySet<string>;
  /** Providers that are to get the image, in file order. */
  readonly providers: readonly string[];
  /** Of running uploads, by provider. */
  readonly progress: ReadonlyMap<string, UploadProgress>;
  /** How many builders are registered. */
  readonly builders: number;
  /** The command that lets a paused image be built. */
  readonly unpause: string;
}

export type StepState = 'waiting' | 'running' | 'done' | 'failed';

/** One line of what is shown. */
export interface Step {
  /** Stays the same while a step goes from one state to the next. */
  readonly id: string;
  readonly title: string;
  readonly state: StepState;
  readonly detail: string;
  readonly progress?: UploadProgress;
}

export interface WaitSteps {
  readonly steps: readonly Step[];
  /** The exit status, once all is over. */
  readonly status: 0 | 1 | undefined;
}

/**
 * What there is to show, and whether it is over: when the build failed, or is ready and each provider has it or failed to
 * take it. A build that vanishes before it ended was lost with its builder; the request stays, and the next one counts.
 */
export function waitSteps(facts: WaitFacts): WaitSteps {
  const build = newestOf(facts);
  const state = build?.record?.state;
  if (build === undefined || state === undefined) {
    const isRequested = facts.image?.buildRequestedAt !== undefined;
    const request = requestStep(facts, isRequested);
    return { steps: [request], status: undefined };
  }
  const steps = [doneRequest, buildStep(build)];
  if (state === 'building') return { steps, status: undefined };
  if (state !== 'ready') return { steps, status: 1 };
  const uploads = facts.providers.map((it) => uploadStep(build, it, facts.progress.get(it)));
  const isOver = uploads.every((it) => it.state === 'done' || it.state === 'failed');
  const isGood = uploads.every((it) => it.state === 'done');
  return { steps: [...steps, ...uploads], status: isOver ? (isGood ? 0 : 1) : undefined };
}

/** The build that is waited for: the newest that was not there before. */
export function newestOf({ image, before }: Pick<WaitFacts, 'image' | 'before'>): BuildEntry | undefined {
  const fresh = [...(image?.builds.values() ?? [])].filter((it) => !before.has(it.key.build));
  return fresh.sort((a, b) => b.createdAt - a.createdAt)[0];
}

const doneRequest: Step = { id: 'request', title: 'requested', state: 'done', detail: '' };

function requestStep({ image, builders, unpause }: WaitFacts, isRequested: boolean): Step {
  const detail = image?.paused
    ? `the image is paused; to go on: ${unpause}`
    : builders === 0
      ? 'no builder is running'
      : image?.buildLocked
        ? 'another build of the image is running'
        : isRequested
          ? 'waiting for a builder'
          : '';
  return { id: 'request', title: 'requested', state: 'running', detail };
}

function buildStep({ key, record }: BuildEntry): Step {
  const host = record?.builder ?? 'unknown';
  const about = { id: `build ${key.build}`, title: `building on ${host}` };
  switch (record?.state) {
    case 'ready':
      return { ...about, state: 'done', detail: `${key.build} ${record.formats.join(',')}` };
    case 'failed':
      return { ...about, state: 'failed', detail: `${key.build} ${failureText(record.unknown?.['failure']?.value())}` };
    case 'deleting':
      return { ...about, state: 'failed', detail: `${key.build} is being deleted` };
    default:
      return { ...about, state: 'running', detail: key.build };
  }
}

/** As written by a builder of ours; Python's say nothing. */
function failureText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return 'failed';
  const { cause, message } = value as { readonly cause?: unknown; readonly message?: unknown };
  return [cause, message].filter((it) => typeof it === 'string').join(': ') || 'failed';
}

function uploadStep(build: BuildEntry, provider: string, progress: UploadProgress | undefined): Step {
  const about = { id: `upload ${provider}`, title: `uploading to ${provider}` };
  const uploads = [...(build.providers.get(provider)?.uploads.values() ?? [])];
  const inState = (state: string) => uploads.find((it: UploadEntry) => it.record?.state === state);
  const ready = inState('ready');
  if (ready !== undefined) return { ...about, state: 'done', detail: ready.record?.externalName ?? '' };
  if (inState('uploading') !== undefined) {
    const shown = progress === undefined ? {} : { progress };
    return { ...about, state: 'running', detail: progress?.stage === 'validating' ? 'validating' : '', ...shown };
  }
  if (inState('failed') !== undefined) {
    return { ...about, state: 'failed', detail: 'failed; the builder will try again, its log says why' };
  }
  return { ...about, state: 'waiting', detail: '' };
}
