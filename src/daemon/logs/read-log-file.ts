import { readFileSync } from 'node:fs';
import { ConfigError, type Problem } from '../../config/problem';
import { readYaml, YamlError } from '../../config/yaml';
import { IniError } from './ini-text';
import type { LogPlan } from './log-plan';
import { readIniConfig } from './read-ini-config';
import { type ParsedPlan, readPlan } from './read-plan';

/**
 * Reads the file of `-l`: YAML or JSON as Python's dictConfig takes it if its name ends so, else ini as fileConfig does
 * (cli.md 8). Throws a ConfigError with everything that is wrong; `onWarning` hears of the rest.
 */
export function readLogFile(file: string, onWarning: (problem: Problem) => void = () => undefined): LogPlan {
  const { plan, problems } = parseLogFile(file, readText(file));
  if (plan === undefined) throw new ConfigError(problems);
  for (const it of problems) onWarning(it);
  return plan;
}

/** The same from a text. */
export function parseLogFile(file: string, text: string): ParsedPlan {
  try {
    return /\.(ya?ml|json)$/.test(file) ? parseYaml(file, text) : parseIni(file, text);
  } catch (error) {
    if (!(error instanceof YamlError) && !(error instanceof IniError)) throw error;
    const format = error instanceof YamlError ? 'YAML' : 'ini';
    const message = `not valid ${format}: ${error.message}`;
    return {
      plan: undefined,
      problems: [{ file, ...error.position, key: '', message, atLoad: 'error', atValidate: 'error' }],
    };
  }
}

function parseYaml(file: string, text: string): ParsedPlan {
  const { value, locate } = readYaml(text);
  return readPlan({ file, value, locate });
}

function parseIni(file: string, text: string): ParsedPlan {
  const { raw, problems } = readIniConfig(file, text);
  const { plan, problems: more } = readPlan(raw);
  return { plan: problems.length > 0 ? undefined : plan, problems: [...problems, ...more] };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `Unable to read logging config file at ${file}`;
    const problem: Problem = { file, key: '', message, atLoad: 'error', atValidate: 'error' };
    throw new LogFileMissingError(message, [problem], { cause: error });
  }
}

/** The words of cli.md 8, without the file's name a second time in front. */
class LogFileMissingError extends ConfigError {
  constructor(message: string, problems: readonly Problem[], options: ErrorOptions) {
    super(problems, options);
    this.message = message;
  }
}
