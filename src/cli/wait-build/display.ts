import type { Clock } from '../../runtime/clock';
import { ageText } from '../../views/column';
import { bytesText } from '../../views/build-history';
import type { Step, StepState } from './steps';

type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Between two lines about the same running upload, where lines cannot be redrawn. */
const REMARK_MS = 10_000;
const MARKS: Readonly<Record<StepState, string>> = { waiting: '  ', running: '..', done: 'ok', failed: '!!' };
const BAR_WIDTH = 20;

/**
 * Shows steps with the time that each took: on a terminal as a block that is redrawn, elsewhere as a line whenever a step
 * changes, and every ten seconds of one that moves.
 */
export class StepDisplay {
  readonly #begun = new Map<string, { readonly atMs: number; tookMs?: number }>();
  readonly #said = new Map<string, { readonly text: string; readonly atMs: number }>();
  #height = 0;

  constructor(
    private readonly out: Output,
    private readonly clock: Clock,
  ) {}

  show(steps: readonly Step[]): void {
    for (const it of steps) this.#time(it);
    if (this.out.isTTY === true) this.#redraw(steps);
    else for (const it of steps) this.#say(it);
  }

  /** The time of a step runs from when it is first seen running, or over, until it is seen over. */
  #time({ id, state }: Step): void {
    if (state === 'waiting') return;
    const nowMs = this.clock.monotonic();
    const begun = this.#begun.get(id) ?? { atMs: nowMs };
    if (state === 'running') delete begun.tookMs;
    else begun.tookMs ??= nowMs - begun.atMs;
    this.#begun.set(id, begun);
  }

  #redraw(steps: readonly Step[]): void {
    const width = Math.max(40, (this.out.columns ?? 100) - 1);
    const up = this.#height === 0 ? '' : `\x1b[${this.#height}A`;
    const lines = steps.map((it) => `\r\x1b[2K${this.#line(it).slice(0, width)}\n`);
    this.out.write(`${up}${lines.join('')}\x1b[J`);
    this.#height = steps.length;
  }

  #say(step: Step): void {
    const nowMs = this.clock.monotonic();
    const said = this.#said.get(step.id);
    const text = `${step.state} ${step.detail}`;
    const isMoving = step.state === 'running' && step.progress !== undefined;
    if (step.state === 'waiting') return;
    if (said?.text === text && !(isMoving && nowMs - said.atMs >= REMARK_MS)) return;
    this.#said.set(step.id, { text, atMs: nowMs });
    this.out.write(`${this.#line(step)}\n`);
  }

  #line(step: Step): string {
    const begun = this.#begun.get(step.id);
    const elapsedMs = begun === undefined ? undefined : (begun.tookMs ?? this.clock.monotonic() - begun.atMs);
    const elapsed = elapsedMs === undefined ? '' : ageText(0, elapsedMs / 1000).slice(3);
    const bar = step.progress === undefined || step.state !== 'running' ? '' : barText(step.progress);
    return `${MARKS[step.state]} ${elapsed.padStart(8)}  ${step.title}  ${[bar, step.detail].filter(Boolean).join('  ')}`.trimEnd();
  }
}

/** `[##########----------]  52 %  1.2 GiB of 2.3 GiB`. */
export function barText({
  bytesDone,
  bytesTotal,
}: {
  readonly bytesDone: number;
  readonly bytesTotal: number;
}): string {
  if (bytesTotal <= 0) return bytesText(bytesDone);
  const share = Math.min(1, bytesDone / bytesTotal);
  const filled = Math.floor(share * BAR_WIDTH);
  const bar = `${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}`;
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${bar}] ${percent} %  ${bytesText(bytesDone)} of ${bytesText(bytesTotal)}`;
}
