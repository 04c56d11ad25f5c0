import { keyText, type KeyPath, type Position, type Problem } from '../../config/problem';

/** A log configuration as the mapping of a dictConfig, whatever it was written in, and where its parts stand. */
export interface RawLogConfig {
  readonly file: string;
  readonly value: unknown;
  locate(path: KeyPath): Position | undefined;
}

/** What is wrong with a file, collected while it is read. */
export class Findings {
  readonly errors: Problem[] = [];
  readonly warnings: Problem[] = [];

  constructor(private readonly config: RawLogConfig) {}

  error(path: KeyPath, message: string, more: Pick<Problem, 'expected' | 'hint'> = {}): void {
    this.errors.push(this.#problem(path, message, more, 'error'));
  }

  warning(path: KeyPath, message: string, more: Pick<Problem, 'expected' | 'hint'> = {}): void {
    this.warnings.push(this.#problem(path, message, more, 'warning'));
  }

  /** Whether the file has an entry of this name at all, right or wrong. */
  knows(group: 'formatters' | 'handlers', name: string): boolean {
    const top = this.config.value as Record<string, unknown> | undefined;
    const entries = top?.[group];
    return typeof entries === 'object' && entries !== null && Object.hasOwn(entries, name);
  }

  #problem(path: KeyPath, message: string, more: object, atLoad: 'error' | 'warning'): Problem {
    const { file } = this.config;
    return { file, ...this.config.locate(path), key: keyText(path), message, ...more, atLoad, atValidate: atLoad };
  }
}

/** A mapping of the file, read key by key; keys that nobody asked for are named at the end. */
export class Section {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();

  constructor(
    value: unknown,
    readonly path: KeyPath,
    readonly findings: Findings,
  ) {
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isMapping && value !== undefined && value !== null)
      findings.error(path, 'this is not a mapping', { expected: 'keys and values' });
    this.#values = isMapping ? (value as Record<string, unknown>) : {};
  }

  get keys(): readonly string[] {
    return Object.keys(this.#values);
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined;
  }

  raw(key: string): unknown {
    this.#asked.add(key);
    return this.#values[key];
  }

  section(key: string): Section {
    return new Section(this.raw(key), [...this.path, key], this.findings);
  }

  text(key: string): string | undefined {
    return this.#typed(key, 'a text', (it) => (typeof it === 'string' ? it : undefined));
  }

  /** Numbers may be written as text, which ini files cannot help. */
  number(key: string): number | undefined {
    return this.#typed(key, 'a number', (it) => {
      const value = typeof it === 'string' && it.trim() !== '' ? Number(it) : it;
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    });
  }

  flag(key: string): boolean | undefined {
    return this.#typed(key, 'yes or no', (it) => {
      if (typeof it === 'boolean') return it;
      if (it === 1 || it === '1') return true;
      return it === 0 || it === '0' ? false : undefined;
    });
  }

  texts(key: string): readonly string[] | undefined {
    return this.#typed(key, 'a list of names', (it) =>
      Array.isArray(it) && it.every((one) => typeof one === 'string') ? it : undefined,
    );
  }

  error(key: string, message: string, more: Pick<Problem, 'expected' | 'hint'> = {}): void {
    this.findings.error([...this.path, key], message, more);
  }

  /** Reports what was not asked for. `hint` says what to do about a key. */
  finish(known: string, hint: (key: string) => string | undefined = () => undefined): void {
    for (const key of this.keys) {
      if (this.#asked.has(key)) continue;
      const advice = hint(key);
      this.error(key, 'this key is not known here', {
        expected: known,
        ...(advice === undefined ? {} : { hint: advice }),
      });
    }
  }

  #typed<T>(key: string, expected: string, read: (value: unknown) => T | undefined): T | undefined {
    const value = this.raw(key);
    if (value === undefined || value === null) return undefined;
    const result = read(value);
    if (result === undefined) this.error(key, `this is not ${expected}`, { expected });
    return result;
  }
}
