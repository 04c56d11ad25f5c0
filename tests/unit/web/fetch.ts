import type { FakeClock } from '../../support/fake-clock';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request over a connection of its own; nothing is followed, decoded or kept. */
export function ask(url: string, asking: Asking = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', body } = asking;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const headers = { ...length, ...asking.headers };
    const sent = httpRequest(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (it: Buffer) => chunks.push(it));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({ status: response.statusCode!, headers: response.headers, body: whole, text: whole.toString() });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export interface Event {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** Reads server-sent events one by one. */
export class EventReader {
  readonly #events: Event[] = [];
  #text = '';
  #ended = false;
  #wake: () => void = () => undefined;
  readonly #close: () => void;
  comments = 0;

  private constructor(close: () => void) {
    this.#close = close;
  }

  static open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(url, { headers, agent: false }, (response) => {
        if (response.statusCode !== 200) {
          response.resume();
          reject(new Error(`status ${response.statusCode}`));
          return;
        }
        const reader = new EventReader(() => sent.destroy());
        response.setEncoding('utf8');
        response.on('data', (text: string) => reader.#take(text));
        response.on('close', () => reader.#end());
        response.on('error', () => reader.#end());
        resolve(reader);
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  /** The next event; undefined at the end of the stream. */
  async next(): Promise<Event | undefined> {
    while (this.#events.length === 0 && !this.#ended) await new Promise<void>((done) => (this.#wake = done));
    return this.#events.shift();
  }

  /** Events up to the first one of this name, with it. */
  async until(name: string): Promise<Event[]> {
    const seen: Event[] = [];
    for (let it = await this.next(); it !== undefined; it = await this.next()) {
      seen.push(it);
      if (it.event === name) return seen;
    }
    throw new Error(`the stream ended without ${name}: ${JSON.stringify(seen)}`);
  }

  /** Resolves when the next comment came. */
  async comment(): Promise<void> {
    const before = this.comments;
    while (this.comments === before && !this.#ended) await new Promise<void>((done) => (this.#wake = done));
  }

  close(): void {
    this.#close();
  }

  #take(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf('\n\n'); end !== -1; end = this.#text.indexOf('\n\n')) {
      this.#parse(this.#text.slice(0, end).split('\n'));
      this.#text = this.#text.slice(end + 2);
    }
    this.#wake();
  }

  #parse(lines: readonly string[]): void {
    if (lines.every((it) => it.startsWith(':'))) {
      this.comments += 1;
      return;
    }
    const of = (field: string) =>
      lines.filter((it) => it.startsWith(`${field}: `)).map((it) => it.slice(field.length + 2));
    const [id] = of('id');
    this.#events.push({ event: of('event')[0]!, data: of('data').join('\n'), ...(id === undefined ? {} : { id }) });
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}

/** Lets time go on until it is there. */
export async function inTime<T>(wanted: Promise<T>, clock: FakeClock): Promise<T> {
  let isThere = false;
  const seen = wanted.finally(() => (isThere = true));
  while (!isThere) {
    await clock.advance(200);
    await new Promise((done) => setImmediate(done)); // what goes over sockets needs turns of its own
  }
  return seen;
}
