import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PythonNode {
  readonly id: string;
  readonly record: Readonly<Record<string, unknown>>;
  readonly contenders: readonly string[];
  readonly ephemeral: boolean;
}

export interface PythonOutcome {
  /** As they were seen, one after the other; some may have been missed. */
  readonly states: readonly string[];
  readonly record: Readonly<Record<string, unknown>> & { readonly state: string; readonly nodes: readonly string[] };
  /** As they were in the moment in which the request was seen to be final. */
  readonly nodes: readonly PythonNode[];
  readonly trouble?: string;
}

/** A running `kazoo_peer.py`. */
export class KazooPeer {
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  #trouble = '';

  private constructor(private readonly child: ChildProcess) {
    createInterface({ input: child.stdout! }).on('line', (line) => this.#waiting.shift()?.(line));
    child.stderr!.on('data', (chunk: Buffer) => (this.#trouble += chunk.toString()));
    child.once('close', () => this.#waiting.splice(0).forEach((it) => it(undefined)));
  }

  static async start(hosts: string, sessionTimeoutMs = 4000): Promise<KazooPeer> {
    const args = [join(__dirname, 'kazoo_peer.py'), JSON.stringify({ hosts, sessionTimeoutMs })];
    const peer = new KazooPeer(spawn('/usr/bin/python3', args, { stdio: ['pipe', 'pipe', 'pipe'] }));
    await peer.#answer();
    return peer;
  }

  /** Carries out one of its commands; rejects with what it complained of. */
  async do<T = unknown>(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const answered = this.#answer();
    this.child.stdin!.write(`${JSON.stringify({ do: command, ...args })}\n`);
    const { answer, error } = (await answered) as { readonly answer: T; readonly error?: string };
    if (error !== undefined) throw new Error(`${command}: ${error}`);
    return answer;
  }

  final(request: string): Promise<PythonOutcome> {
    return this.do('final', { request });
  }

  /** Its session ends by itself later. */
  kill(): Promise<void> {
    return this.#end(() => this.child.kill('SIGKILL'));
  }

  /** Ends it with its session. */
  stop(): Promise<void> {
    return this.#end(() => this.child.stdin!.end());
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push((line) => {
        if (line === undefined) reject(new Error(`Python has ended: ${this.#trouble}`));
        else resolve(JSON.parse(line));
      });
    });
  }

  async #end(how: () => void): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'close');
    how();
    await ended;
  }
}
