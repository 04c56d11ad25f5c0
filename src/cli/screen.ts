import { displayWidth } from '../views/display-width';

/** A stream that may be a terminal. */
export type TerminalOutput = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export function isTerminal(out: NodeJS.WritableStream): out is TerminalOutput {
  return (out as TerminalOutput).isTTY === true;
}

/** The whole terminal, drawn in place on its alternate screen: what was there before comes back when it is closed. */
export class Screen {
  #isOpen = false;

  constructor(private readonly out: TerminalOutput) {}

  get width(): number {
    return this.out.columns ?? 80;
  }

  get height(): number {
    return this.out.rows ?? 24;
  }

  open(): void {
    this.#isOpen = true;
    this.out.write('\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J');
  }

  /** Lines from the top; what does not fit is cut off. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const shown = lines.slice(0, this.height).map((it) => `${cut(it, this.width)}\x1b[K`);
    this.out.write(`\x1b[H${shown.join('\r\n')}\x1b[J`);
  }

  /** Calls back when the size changes; returns how to stop listening. */
  onResize(listener: () => void): () => void {
    this.out.on('resize', listener);
    return () => this.out.off('resize', listener);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.out.write('\x1b[?25h\x1b[?1049l');
  }
}

const CONTROL = /\x1b\[[\d;]*m/g;

/** The part of a line that fits, with its colours ended. */
export function cut(line: string, width: number): string {
  if (displayWidth(line.replace(CONTROL, '')) <= width) return line;
  let room = width;
  let text = '';
  for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
    if (part.startsWith('\x1b')) {
      text += part;
      continue;
    }
    for (const it of part) {
      room -= displayWidth(it);
      if (room < 0) return `${text}\x1b[0m`;
      text += it;
    }
  }
  return text;
}
