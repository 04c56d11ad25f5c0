import type { KeyPath, Position } from './problem';

/** What js-yaml's `listener` option hands out: its parser's state, of which this is documented by use only. */
export interface ParserState {
  readonly position: number;
  readonly kind: string | null;
  readonly result: unknown;
  readonly anchor: string | null;
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly kind: string | null;
  readonly value: unknown;
}

interface Open {
  readonly start: number;
  readonly pieces: Piece[];
}

/** A mapping or list, and what it was read from; places are worked out when somebody asks, which is seldom. */
interface Entries {
  readonly kind: 'mapping' | 'sequence';
  readonly pieces: readonly Piece[];
}

/**
 * Remembers where each key and item of a document stands. js-yaml tells when it enters and leaves a node, but not whether a
 * node is a key or a value; that is told from the text: a value follows its key after a colon, deeper or on the same line.
 */
export class PositionIndex {
  readonly #stack: Open[] = [];
  readonly #entries = new Map<object, Entries>();
  readonly #anchors = new Map<string, number>();
  #repeatedAnchor: { readonly name: string; readonly position: Position } | undefined;

  #lines: readonly number[] | undefined;

  constructor(private readonly text: string) {}

  /** For js-yaml's `listener`. */
  readonly listen = (event: 'open' | 'close', state: ParserState): void => {
    if (event === 'open') {
      this.#stack.push({ start: state.position, pieces: [] });
      return;
    }
    const open = this.#stack.pop();
    if (open === undefined) return;
    const { kind, result } = state;
    if (state.anchor !== null) this.#keepAnchor(state.anchor, state.position);
    const piece = { start: open.start, end: state.position, kind, value: result };
    this.#stack.at(-1)?.pieces.push(piece);
    if (typeof result !== 'object' || result === null || this.#entries.has(result)) return;
    if (kind === 'sequence' || kind === 'mapping') this.#entries.set(result, { kind, pieces: open.pieces });
  };

  /** Where the last part of `path` stands, or the nearest part above it that was found. */
  locate(root: unknown, path: KeyPath): Position | undefined {
    let offset: number | undefined;
    let at: unknown = root;
    for (const key of path) {
      if (typeof at !== 'object' || at === null) break;
      offset = this.#placeOf(key, this.#entries.get(at)) ?? offset;
      at = (at as Record<string | number, unknown>)[key];
    }
    return offset === undefined ? undefined : this.#position(offset);
  }

  /** An anchor that stands for two things: js-yaml takes the last, PyYAML refuses the document. */
  get repeatedAnchor(): { readonly name: string; readonly position: Position } | undefined {
    return this.#repeatedAnchor;
  }

  /** js-yaml may leave one node twice, when it looked whether it is a key; both times it ends at the same place. */
  #keepAnchor(name: string, end: number): void {
    const before = this.#anchors.get(name);
    if (before !== undefined && before !== end) this.#repeatedAnchor ??= { name, position: this.#position(end) };
    this.#anchors.set(name, end);
  }

  #placeOf(key: string | number, entries: Entries | undefined): number | undefined {
    if (entries === undefined) return undefined;
    const pieces = entries.pieces.map((it) => ({ ...it, start: this.#contentFrom(it.start) }));
    if (entries.kind === 'sequence') return typeof key === 'number' ? pieces[key]?.start : undefined;
    let last: number | undefined; // the last of equal keys counts
    for (let index = 0; index < pieces.length; index += 1) {
      const piece = pieces[index]!;
      if (String(piece.value) === key) last = piece.start;
      const next = pieces[index + 1];
      if (next !== undefined && this.#isValueOf(next, piece)) index += 1;
    }
    return last;
  }

  #isValueOf(value: Piece, key: Piece): boolean {
    if (value.kind === null) return true; // an empty value, or an alias
    const between = this.text.slice(key.end, value.start);
    if (/^\s*[,}]/.test(between)) return false;
    if (/:[^\n]*[,}]/.test(between) && !between.includes('#')) return false; // a flow mapping's empty value
    const [keyAt, valueAt] = [this.#position(key.start), this.#position(value.start)];
    if (keyAt.line === valueAt.line || valueAt.column > keyAt.column) return true;
    return value.kind === 'sequence' && valueAt.column === keyAt.column;
  }

  /** js-yaml enters a node before the white space and comments in front of it. */
  #contentFrom(offset: number): number {
    const gap = /(?:[ \t\r\n]+|#[^\n]*(?=\n|$))*/y;
    gap.lastIndex = offset;
    return offset + (gap.exec(this.text)?.[0].length ?? 0);
  }

  #position(offset: number): Position {
    this.#lines ??= [0, ...Array.from(this.text.matchAll(/\n/g), (it) => it.index + 1)];
    const lines = this.#lines;
    let [low, high] = [0, lines.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (lines[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - lines[low]! + 1 };
  }
}
