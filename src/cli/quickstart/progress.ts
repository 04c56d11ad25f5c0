import type { Clock } from '../../runtime/clock';

/**
 * What a newcomer sees: one line per stage with what is happening and since when. On a terminal the running line is
 * redrawn in place; elsewhere it is printed when it begins, every five seconds while its detail changes, and when it ends.
 */
export class Progress {
  #title = '';
  #detail = '';
  #startedMs = 0;
  #running = false;
  #printed = '';

  constructor(
    private readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number },
    private readonly clock: Clock,
  ) {}

  /** Runs one stage; its result may add a last detail. A failure marks the line and goes on to the caller. */
  async stage<T>(title: string, work: () => Promise<T>, summary?: (result: T) => string): Promise<T> {
    this.#title = title;
    this.#detail = '';
    this.#startedMs = this.clock.monotonic();
    this.#running = true;
    if (!this.#terminal) this.out.write(`... ${title}\n`);
    const ticking = new AbortController();
    const ticker = this.#tick(ticking.signal);
    try {
      const result = await work();
      this.#end('ok ', summary?.(result) ?? '');
      return result;
    } catch (error) {
      this.#end('!! ', 'failed');
      throw error;
    } finally {
      ticking.abort();
      await ticker;
    }
  }

  /** What is happening now within the stage. */
  detail(text: string): void {
    this.#detail = text.replace(/[^\x20-\x7e]+/g, ' ').trim();
  }

  /** A line that stays. */
  say(line: string): void {
    this.#clear();
    this.out.write(`${line}\n`);
  }

  get #terminal(): boolean {
    return this.out.isTTY === true;
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#terminal) this.#redraw();
      else this.#print();
      await this.clock.sleep(this.#terminal ? 200 : 5_000, signal).catch(() => undefined);
    }
  }

  #redraw(): void {
    if (!this.#running) return;
    const width = Math.max(40, (this.out.columns ?? 100) - 1);
    this.out.write(`\r\x1b[2K${`... ${this.#line(this.#detail)}`.slice(0, width)}`);
  }

  #print(): void {
    if (this.#detail === '' || this.#detail === this.#printed) return;
    this.#printed = this.#detail;
    this.out.write(`    ${this.#line(this.#detail)}\n`);
  }

  #clear(): void {
    if (this.#terminal) this.out.write('\r\x1b[2K');
  }

  #end(mark: string, detail: string): void {
    this.#running = false;
    this.#clear();
    this.out.write(`${mark} ${this.#line(detail)}\n`);
  }

  #line(detail: string): string {
    const seconds = (this.clock.monotonic() - this.#startedMs) / 1000;
    return `${this.#title.padEnd(26)} ${seconds.toFixed(1).padStart(6)} s  ${detail}`.trimEnd();
  }
}
