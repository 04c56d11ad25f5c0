import type { KeyPath, Position, Problem } from '../../config/problem';
import { type IniOption, type IniSection, readIni } from './ini-text';
import { LiteralError, readLiteral } from './python-literal';
import type { RawLogConfig } from './raw-log-config';
import { HANDLER_CLASSES } from './read-handler';

type Sections = ReadonlyMap<string, IniSection>;

/** An ini file of Python's fileConfig as the mapping that dictConfig would take, and what was wrong on the way. */
export function readIniConfig(
  file: string,
  text: string,
): { readonly raw: RawLogConfig; readonly problems: readonly Problem[] } {
  const sections = readIni(text);
  const places = new Map<string, Position>();
  const problems: Problem[] = [];
  const report = (key: string, message: string, position?: Position) =>
    problems.push({ file, ...position, key, message, atLoad: 'error', atValidate: 'error' });
  const reader = new IniReader(sections, places, report);
  const value = {
    version: 1,
    formatters: reader.group('formatters', 'formatter', (name) => reader.formatter(name)),
    handlers: reader.group('handlers', 'handler', (name) => reader.handler(name)),
    ...reader.loggers(),
  };
  const locate = (path: KeyPath): Position | undefined => {
    for (let length = path.length; length > 0; length -= 1) {
      const found = places.get(path.slice(0, length).join('\0'));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return { raw: { file, value, locate }, problems };
}

class IniReader {
  constructor(
    private readonly sections: Sections,
    private readonly places: Map<string, Position>,
    private readonly report: (key: string, message: string, position?: Position) => void,
  ) {}

  /** What `[group] keys=a,b` names. */
  group(group: string, prefix: string, read: (name: string) => object): Record<string, object> {
    const found: Record<string, object> = {};
    for (const name of this.#names(group)) {
      const section = this.sections.get(`${prefix}_${name}`);
      if (section === undefined) {
        this.report(`${group}.keys`, `there is no section [${prefix}_${name}]`, this.#option(group, 'keys')?.position);
        continue;
      }
      this.places.set([group, name].join('\0'), section.position);
      found[name] = read(name);
    }
    return found;
  }

  formatter(name: string): object {
    const take = this.#taker(`formatter_${name}`, ['formatters', name]);
    const [format, datefmt, className, style] = ['format', 'datefmt', 'class', 'style'].map(take);
    return {
      ...(format === undefined ? {} : { format }),
      ...(datefmt === undefined || datefmt === '' ? {} : { datefmt }),
      ...(className === undefined || className === '' ? {} : { class: className }),
      ...(style === undefined ? {} : { style }),
    };
  }

  handler(name: string): object {
    const section = `handler_${name}`;
    const path = ['handlers', name];
    const take = this.#taker(section, path);
    const className = fullClass(take('class') ?? '');
    const level = take('level');
    const formatter = take('formatter');
    return {
      class: className,
      ...(level === undefined || level === '' ? {} : { level }),
      ...(formatter === undefined || formatter === '' ? {} : { formatter }),
      ...this.#positional(section, path, HANDLER_CLASSES[className] ?? []),
      ...this.#keywords(section, path),
    };
  }

  /** `root` and the others, which have their names in `qualname`. */
  loggers(): { readonly loggers: Record<string, object>; readonly root: object } {
    const loggers: Record<string, object> = {};
    let root: object = {};
    const all = this.group('loggers', 'logger', (name) => {
      const path = name === 'root' ? ['root'] : ['loggers', this.#option(`logger_${name}`, 'qualname')?.value ?? name];
      const take = this.#taker(`logger_${name}`, path);
      const level = take('level');
      const propagate = take('propagate');
      const handlers = (take('handlers') ?? '').split(',').map((it) => it.trim());
      return {
        ...(level === undefined || level === '' ? {} : { level }),
        handlers: handlers.filter((it) => it !== ''),
        ...(propagate === undefined || name === 'root' ? {} : { propagate }),
      };
    });
    for (const [name, logger] of Object.entries(all)) {
      if (name === 'root') root = logger;
      else loggers[this.#option(`logger_${name}`, 'qualname')?.value ?? name] = logger;
    }
    return { loggers, root };
  }

  #names(group: string): string[] {
    const keys = this.#option(group, 'keys');
    if (keys === undefined) this.report(`${group}.keys`, `there is no [${group}] with keys=`);
    return (keys?.value ?? '')
      .split(',')
      .map((it) => it.trim())
      .filter((it) => it !== '');
  }

  #option(section: string, key: string): IniOption | undefined {
    return this.sections.get(section)?.options.get(key);
  }

  /** Reads an option and remembers where it stands. */
  #taker(section: string, path: readonly string[]): (key: string) => string | undefined {
    return (key) => {
      const option = this.#option(section, key);
      if (option !== undefined) this.places.set([...path, key].join('\0'), option.position);
      return option?.value;
    };
  }

  #positional(section: string, path: readonly string[], names: readonly string[]): Record<string, unknown> {
    const option = this.#option(section, 'args');
    const value = this.#literal(section, 'args', option);
    if (value === undefined || option === undefined) return {};
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.length > names.length && names.length > 0)
      this.report(`${section}.args`, `has ${values.length} values, at most ${names.length} are taken`, option.position);
    const given: Record<string, unknown> = {};
    names.slice(0, values.length).forEach((name, index) => {
      this.places.set([...path, name].join('\0'), option.position);
      given[name] = values[index];
    });
    return given;
  }

  #keywords(section: string, path: readonly string[]): Record<string, unknown> {
    const option = this.#option(section, 'kwargs');
    const value = this.#literal(section, 'kwargs', option);
    if (value === undefined || option === undefined) return {};
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.report(`${section}.kwargs`, 'this is not a mapping', option.position);
      return {};
    }
    for (const key of Object.keys(value)) this.places.set([...path, key].join('\0'), option.position);
    return value as Record<string, unknown>;
  }

  #literal(section: string, key: string, option: IniOption | undefined): unknown {
    if (option === undefined || option.value === '') return undefined;
    try {
      return readLiteral(option.value);
    } catch (error) {
      if (!(error instanceof LiteralError)) throw error;
      this.report(`${section}.${key}`, `${error.message}; expected a Python literal`, option.position);
      return undefined;
    }
  }
}

/** `fileConfig` looks classes up inside of `logging`. */
function fullClass(name: string): string {
  if (name === '' || name.startsWith('logging.')) return name;
  return name.startsWith('handlers.') || !name.includes('.') ? `logging.${name}` : name;
}
