import { oldIniProblems } from './old-secure';
import { keyText, type KeyPath, type Position, type Problem } from './problem';
import type { Finding } from './read-section';
import { FATAL } from './schema-atoms';
import { substitute } from './substitute';
import { unsetVariables } from './unset-variables';
import { readYaml, YamlError, type YamlDocument } from './yaml';

export type Environment = Readonly<Record<string, string | undefined>>;

/** One of the files: what it says, and where to put what is found wrong with it. */
export interface Document {
  readonly file: string;
  /** After substitution. */
  readonly text: string;
  /** The mapping at the top; undefined for an empty file, and for one that could not be read (which was reported). */
  readonly top: Readonly<Record<string, unknown>> | undefined;
  readonly report: (finding: Finding) => void;
  /** Where something stands, if it does. */
  readonly locate: (path: KeyPath) => Position | undefined;
}

/** Substitutes and reads one file (config.md 1, 2); everything wrong goes to `problems`. */
export function readDocument(file: string, raw: string, env: Environment, problems: Problem[]): Document {
  const text = substitute(raw, env);
  let document: YamlDocument | undefined;
  const say = (finding: Finding, position: Position | undefined) => {
    const { path, ...rest } = finding;
    problems.push({ file, ...position, key: keyText(path), ...rest });
  };
  const report = (finding: Finding) => say(finding, document?.locate(finding.path));
  try {
    document = readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const old = oldIniProblems(text);
    for (const { position, ...finding } of old) say({ ...finding, ...FATAL }, position);
    if (old.length === 0)
      say(
        { path: [], message: `not valid YAML: ${error.message}`, ...hint(text, error.position), ...FATAL },
        error.position,
      );
  }
  for (const it of unsetVariables(document?.value)) report(it);
  const locate = (path: KeyPath) => document?.locate(path);
  return { file, text, top: mappingAtTop(document?.value, report), report, locate };
}

function mappingAtTop(value: unknown, report: (finding: Finding) => void): Document['top'] {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return value as Document['top'];
  report({ path: [], message: 'the file does not hold a mapping at its top', expected: 'keys and values', ...FATAL });
  return undefined;
}

/** An unquoted `%` in front of a value is the mark of a variable that is not set. */
function hint(text: string, position: Position | undefined): { readonly hint?: string } {
  const line = text.split('\n')[(position?.line ?? 0) - 1] ?? '';
  const variable = /%\((NODEPOOL_[^)]*)\)/.exec(line)?.[1];
  return variable === undefined ? {} : { hint: `the environment variable ${variable} is not set` };
}

/** The entries of a list of the top level; none for a key that is absent, empty, or (reported) no list. */
export function listAt(document: Document, key: string): readonly unknown[] | undefined {
  const value = document.top?.[key];
  if (Array.isArray(value)) return value;
  if (value === undefined) return [];
  const path: KeyPath = [key];
  if (value === null) {
    const message = 'there is no value; an empty list is used';
    document.report({ path, message, expected: 'a list', atLoad: 'warning', atValidate: 'error' });
    return [];
  }
  document.report({ path, message: 'this is not a list', expected: 'a list', ...FATAL });
  return undefined;
}
