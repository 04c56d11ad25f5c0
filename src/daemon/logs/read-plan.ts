import type { Problem } from '../../config/problem';
import { compileFormatter, FormatError, UNKNOWN_HERE } from './format-record';
import { BARE_FORMATTER, type FormatterPlan, type HandlerPlan, type LoggerPlan, type LogPlan } from './log-plan';
import { Findings, type RawLogConfig, Section } from './raw-log-config';
import { HANDLER_CLASSES, readDestination } from './read-handler';
import { SEVERITIES } from './severity';

/** The plan, if nothing is wrong, and all that there is to say. */
export interface ParsedPlan {
  readonly plan: LogPlan | undefined;
  readonly problems: readonly Problem[];
}

const NO_FILTERS = 'filters are Python code; use levels per logger instead';

/** Reads a dictConfig mapping (cli.md 8). What cannot be mapped is an error: a log that silently lacks lines helps nobody. */
export function readPlan(raw: RawLogConfig): ParsedPlan {
  const findings = new Findings(raw);
  const top = new Section(raw.value, [], findings);
  const version = top.number('version');
  if (version !== 1) top.error('version', 'there is no such version', { expected: '1' });
  if (top.flag('incremental') === true)
    top.error('incremental', 'a log configuration must be whole here', { hint: 'leave the key out' });
  // Python silences loggers that existed before; here every line of the daemons goes by the levels of the file alone.
  top.flag('disable_existing_loggers');
  if (new Section(top.raw('filters'), ['filters'], findings).keys.length > 0)
    top.error('filters', 'filters are not supported', { hint: NO_FILTERS });
  const formatters = readAll(top.section('formatters'), readFormatter);
  const handlers = readAll(top.section('handlers'), (it) => readHandler(it, formatters));
  const loggers = readAll(top.section('loggers'), (it) => readLogger(it, handlers));
  const root = readLogger(top.section('root'), handlers, 30);
  top.finish('version, disable_existing_loggers, formatters, handlers, loggers, root');
  // A logger without a name is the root, too.
  const nameless = loggers.get('');
  loggers.delete('');
  const rootPlan = nameless !== undefined && !top.has('root') ? { ...nameless, level: nameless.level || 30 } : root;
  return {
    plan: findings.errors.length > 0 ? undefined : { handlers, loggers, root: rootPlan },
    problems: [...findings.errors, ...findings.warnings],
  };
}

function readAll<T>(section: Section, read: (one: Section, name: string) => T | undefined): Map<string, T> {
  const found = new Map<string, T>();
  for (const name of section.keys) {
    const value = read(section.section(name), name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

const TEXT_FORMATTERS = ['logging.Formatter', 'nodepool.logconfig.MultiLineFormatter'];
const JSON_FORMATTERS = [
  'nodepool.JsonFormatter',
  'pythonjsonlogger.jsonlogger.JsonFormatter',
  'pythonjsonlogger.json.JsonFormatter',
];

function readFormatter(section: Section): FormatterPlan | undefined {
  const key = section.has('()') ? '()' : 'class';
  const className = section.text(key) ?? TEXT_FORMATTERS[0]!;
  const format = section.text('format') ?? '%(message)s';
  const datefmt = section.text('datefmt');
  const style = section.text('style') ?? '%';
  section.raw('validate');
  if (section.raw('defaults') !== undefined)
    section.error('defaults', 'values of attributes that do not exist are not supported', { hint: 'leave them out' });
  section.finish('class, format, datefmt, style');
  if (JSON_FORMATTERS.includes(className)) return { kind: 'json' };
  if (!TEXT_FORMATTERS.includes(className)) {
    const expected = [...TEXT_FORMATTERS, JSON_FORMATTERS[0]!].join(', ');
    section.error(key, `there is no formatter ${className}`, { expected });
    return undefined;
  }
  if (style !== '%' && style !== '{' && style !== '$') {
    section.error('style', 'there is no such style', { expected: '%, { or $' });
    return undefined;
  }
  const everyLine = className === TEXT_FORMATTERS[1];
  const given = datefmt === undefined || datefmt === '' ? {} : { datefmt };
  const plan: FormatterPlan = { kind: 'text', style, format, ...given, everyLine };
  return isUsable(plan, format, section) ? plan : undefined;
}

function isUsable(plan: FormatterPlan, format: string, section: Section): boolean {
  try {
    compileFormatter(plan);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    section.error('format', error.message, { expected: 'a format as %(asctime)s %(levelname)s %(name)s: %(message)s' });
    return false;
  }
  const standIn = UNKNOWN_HERE.find((it) => new RegExp(`\\b${it}\\b`).test(format));
  if (standIn !== undefined)
    section.findings.warning([...section.path, 'format'], `${standIn} is not known here: a stand-in is printed`);
  return true;
}

function readHandler(section: Section, formatters: ReadonlyMap<string, FormatterPlan>): HandlerPlan | undefined {
  const className = section.text('class');
  const level = readLevel(section, 0);
  const formatterName = section.text('formatter');
  const filters = section.raw('filters');
  if (Array.isArray(filters) && filters.length > 0)
    section.error('filters', 'filters are not supported', { hint: NO_FILTERS });
  const formatter = formatterName === undefined ? BARE_FORMATTER : formatters.get(formatterName);
  // A formatter that was found wrong has been complained of.
  if (formatter === undefined && !hasEntry(section, 'formatters', formatterName!))
    section.error('formatter', `there is no formatter ${formatterName}`);
  if (className === undefined || HANDLER_CLASSES[className] === undefined) {
    const key = section.has('()') ? '()' : 'class';
    const what = className ?? section.raw('()');
    section.error(key, what === undefined ? 'there is no class' : `there is no handler ${String(what as string)}`, {
      expected: Object.keys(HANDLER_CLASSES).join(', '),
      hint: 'log to a file, and let a log shipper read it',
    });
    return undefined;
  }
  const to = readDestination(section, className);
  section.finish(['class', 'level', 'formatter', ...HANDLER_CLASSES[className]].join(', '));
  return to === undefined || formatter === undefined ? undefined : { level, formatter, to };
}

function readLogger(section: Section, handlers: ReadonlyMap<string, HandlerPlan>, levelIfNone = 0): LoggerPlan {
  const level = readLevel(section, levelIfNone);
  const names = section.texts('handlers') ?? [];
  const propagate = section.flag('propagate') ?? true;
  const filters = section.raw('filters');
  if (Array.isArray(filters) && filters.length > 0)
    section.error('filters', 'filters are not supported', { hint: NO_FILTERS });
  section.finish('level, handlers, propagate');
  for (const name of names)
    if (!handlers.has(name) && !hasEntry(section, 'handlers', name))
      section.error('handlers', `there is no handler ${name}`);
  return { level, handlers: names, propagate };
}

function hasEntry(section: Section, group: 'formatters' | 'handlers', name: string): boolean {
  return section.findings.knows(group, name);
}

function readLevel(section: Section, otherwise: number): number {
  const value = section.raw('level');
  if (value === undefined || value === null || value === '') return otherwise;
  const level = typeof value === 'number' ? value : SEVERITIES[String(value as string)];
  if (level === undefined)
    section.error('level', `there is no level ${String(value as string)}`, {
      expected: 'DEBUG, INFO, WARNING, ERROR, CRITICAL, NOTSET or a number',
    });
  return level ?? otherwise;
}
