import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { Clock } from '../../runtime/clock';

export interface DaemonSpec {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
}

/** A daemon ended although nobody had asked it to. Its message says where to read on. */
export class DaemonEndedError extends Error {
  override readonly name = 'DaemonEndedError';
}

/** A child process of the quickstart, with its output in a file. */
export class Daemon {
  readonly #child: ChildProcess;
  #stopping = false;
  /** Aborts, with a `DaemonEndedError`, when the daemon ends by itself. */
  readonly died: AbortSignal;

  constructor(readonly spec: DaemonSpec) {
    const died = new AbortController();
    this.died = died.signal;
    // A session of its own: Ctrl-C on the terminal reaches only the quickstart, which stops its daemons in order.
    this.#child = spawn(spec.program, spec.args, { env: spec.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const log = createWriteStream(spec.logFile, { flags: 'a' });
    this.#child.stdout!.pipe(log, { end: false });
    this.#child.stderr!.pipe(log, { end: false });
    const ended = (how: string) => {
      log.end();
      if (!this.#stopping) died.abort(new DaemonEndedError(`${spec.name} ended ${how}\n${this.logTail()}`));
    };
    this.#child.on('error', (error) => ended(`before it began: ${error.message}`));
    this.#child.on('exit', (code, signal) => ended(signal === null ? `with status ${code}` : `by ${signal}`));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The end of its log, with the name of the file. */
  logTail(lines = 12): string {
    return `end of ${this.spec.logFile}:\n${fileTail(this.spec.logFile, lines)}`;
  }

  /** Orderly stop; after `patienceMs` a second signal, and after as long again SIGKILL. Returns when it is gone. */
  async stop(clock: Clock, patienceMs: number): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGKILL'] as const) {
      child.kill(signal);
      const waiting = new AbortController();
      const gone = await Promise.race([
        exit.then(() => true),
        clock.sleep(patienceMs, waiting.signal).then(
          () => false,
          () => true,
        ),
      ]);
      waiting.abort();
      if (gone) return;
    }
    await exit;
  }
}

/** The last lines of a text file, indented; says so where there is none. */
export function fileTail(file: string, lines: number): string {
  try {
    const all = readFileSync(file, 'utf8').trimEnd().split('\n');
    return all
      .slice(-lines)
      .map((it) => `    ${it}`)
      .join('\n');
  } catch {
    return '    (no such file)';
  }
}
