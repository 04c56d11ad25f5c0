import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../runtime/clock';
import type { EventSink, ServerEvent } from './answer';

/** A comment goes out after this long without an event: proxies and clients see that the line is alive. */
const HEARTBEAT_MS = 15_000;

/** Server-sent events over one response. Holds at most what the socket holds: a slow client slows the sender. */
export class EventStream implements EventSink {
  #heartbeat: Timer | undefined;
  #isOpen = true;

  constructor(
    private readonly response: ServerResponse,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {
    this.#arm();
  }

  async send(event: ServerEvent): Promise<void> {
    this.signal.throwIfAborted();
    this.#arm();
    if (!this.response.write(eventText(event))) await once(this.response, 'drain', { signal: this.signal });
  }

  /** Sends no heartbeat any more. */
  close(): void {
    this.#isOpen = false;
    this.#heartbeat?.cancel();
  }

  #arm(): void {
    this.#heartbeat?.cancel();
    if (!this.#isOpen) return;
    this.#heartbeat = this.clock.after(HEARTBEAT_MS, () => {
      if (!this.response.writableNeedDrain) this.response.write(': alive\n\n');
      this.#arm();
    });
  }
}

/** As it goes over the wire; a line break in the data begins another `data:` line. */
export function eventText({ event, data, id }: ServerEvent): string {
  const lines = data.split(/\r\n|\n|\r/).map((it) => `data: ${it}\n`);
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}${lines.join('')}\n`;
}
