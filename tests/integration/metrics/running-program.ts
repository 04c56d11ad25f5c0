import { PassThrough } from 'node:stream';
import { createInterface } from 'node:readline';
import { EventEmitter, once } from 'node:events';
import type { Program, ProgramIo } from '../../../src/runtime/program';

/** A program that runs in this process until it is told to stop. */
export class RunningProgram {
  readonly lines: string[] = [];
  readonly #heard = new EventEmitter();
  readonly #drain = new AbortController();
  readonly #ended: Promise<number>;
  #isOver = false;

  constructor(program: Program, argv: readonly string[], env: ProgramIo['env']) {
    const out = new PassThrough();
    createInterface(out)
      .on('line', (line) => {
        this.lines.push(line);
        this.#heard.emit('line');
      })
      .on('close', () => {
        this.#isOver = true; // all that it said is heard
        this.#heard.emit('line');
      });
    const stop = { drain: this.#drain.signal, now: new AbortController().signal };
    const io: ProgramIo = {
      stdout: out,
      stderr: out,
      stdin: new PassThrough(),
      env,
      stop,
      onSignal: () => () => undefined,
    };
    this.#ended = program(argv, io).finally(() => out.end());
    this.#ended.catch(() => undefined); // told by `drain`
  }

  /** What a line of its log matches, as soon as there is one. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      for (const line of this.lines) {
        const found = pattern.exec(line);
        if (found !== null) return found;
      }
      if (this.#isOver) throw new Error(`ended without saying ${String(pattern)}:\n${this.lines.join('\n')}`);
      await once(this.#heard, 'line');
    }
  }

  /** As at the first signal. Resolves with its status. */
  drain(): Promise<number> {
    this.#drain.abort(new Error('drain'));
    return this.#ended;
  }
}
