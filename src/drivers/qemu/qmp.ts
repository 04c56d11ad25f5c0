import { open } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { MACHINE_FILES } from './command-line';

/** A conversation with one machine, open as long as `withQmp` runs its work. */
export interface Qmp {
  /** Sends one command and returns its `return`; rejects with QEMU's own words. */
  execute(command: string): Promise<unknown>;
}

/**
 * Talks to the machine in `folder`. QEMU serves one client at a time, so a conversation is short. Rejects if the machine
 * does not listen (any more), and with the signal's reason.
 */
export async function withQmp<T>(folder: string, signal: AbortSignal, work: (qmp: Qmp) => Promise<T>): Promise<T> {
  // The address of a socket is at most 107 bytes long; a path by way of an open folder always fits.
  const handle = await open(folder, 'r');
  try {
    signal.throwIfAborted();
    const conversation = new Conversation(connect(`/proc/self/fd/${handle.fd}/${MACHINE_FILES.qmp}`), signal);
    try {
      await conversation.next(); // the greeting
      await conversation.execute('qmp_capabilities');
      return await work(conversation);
    } finally {
      conversation.end();
    }
  } finally {
    await handle.close();
  }
}

/** QEMU's run state: `running`, `paused`, `guest-panicked`, `internal-error`, … */
export async function machineStatus(folder: string, signal: AbortSignal): Promise<string> {
  return withQmp(folder, signal, async (qmp) => {
    const answer = (await qmp.execute('query-status')) as { readonly status?: unknown };
    if (typeof answer.status !== 'string') throw new Error('machine reported no status');
    return answer.status;
  });
}

interface Message {
  readonly return?: unknown;
  readonly error?: { readonly desc?: string };
  readonly event?: string;
}

class Conversation implements Qmp {
  #text = '';
  readonly #messages: Message[] = [];
  #waiting: { readonly resolve: (it: Message) => void; readonly reject: (error: Error) => void } | undefined;
  #ended: Error | undefined;
  readonly #onAbort = () => this.#fail(this.signal.reason as Error);

  constructor(
    private readonly socket: Socket,
    private readonly signal: AbortSignal,
  ) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('machine closed the connection')));
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  async execute(command: string): Promise<unknown> {
    this.socket.write(`${JSON.stringify({ execute: command })}\n`);
    const answer = await this.next();
    if (answer.error !== undefined) throw new Error(`${command}: ${answer.error.desc ?? 'refused'}`);
    return answer.return;
  }

  next(): Promise<Message> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  end(): void {
    this.signal.removeEventListener('abort', this.#onAbort);
    this.socket.destroy();
  }

  #receive(chunk: string): void {
    const lines = (this.#text + chunk).split('\n');
    this.#text = lines.pop()!;
    for (const line of lines) {
      const message = this.#parse(line);
      if (message === undefined || message.event !== undefined) continue; // events come at any time, and we ask
      if (this.#waiting === undefined) this.#messages.push(message);
      else this.#waiting.resolve(message);
      this.#waiting = undefined;
    }
  }

  #parse(line: string): Message | undefined {
    if (line.trim() === '') return undefined;
    try {
      return JSON.parse(line) as Message;
    } catch (error) {
      this.#fail(error as Error);
      return undefined;
    }
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.socket.destroy();
  }
}
