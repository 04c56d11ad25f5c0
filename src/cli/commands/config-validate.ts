import { readConfig } from '../../config/load';
import type { Environment } from '../../config/document';
import { ConfigError, problemLine, type Problem } from '../../config/problem';
import { drivers } from '../../drivers/registry';
import type { Command, GlobalOptions } from '../context';

/**
 * config.md 14, except that all problems are told. Errors are what Python's validator rejects; what only its daemons reject,
 * and what we remark on, are warnings. So is all about the secure file, which that validator does not read.
 */
export const run: Command = async (context, _args, options) => {
  const problems = judge(context.global, context.io.env);
  const isError = (it: Problem) => it.atValidate === 'error' || options['strict'] === true;
  if (options['format'] === 'json') await context.print(jsonText(problems, isError));
  else for (const it of problems) context.complain(`${isError(it) ? 'error' : 'warning'}: ${problemLine(note(it))}`);
  return problems.some(isError) ? 1 : 0;
};

function judge({ configFile: file, secureFile }: GlobalOptions, env: Environment): readonly Problem[] {
  const read = (secure?: string) => readConfig({ file, secureFile: secure, env, schemas: drivers }).problems;
  if (secureFile === undefined) return read();
  const aboutSecrets = (it: Problem): Problem => (it.file === secureFile ? { ...it, atValidate: 'warning' } : it);
  try {
    return read(secureFile).map(aboutSecrets);
  } catch (error) {
    if (!(error instanceof ConfigError) || error.problems.some((it) => it.file !== secureFile)) throw error;
    return [...read(), ...error.problems.map(aboutSecrets)];
  }
}

/** The daemons refuse to load what the validator lets pass: an operator wants to hear of it before they do. */
function note(problem: Problem): Problem {
  if (problem.atLoad !== 'error' || problem.atValidate === 'error') return problem;
  return { ...problem, message: `${problem.message}; the daemons will not load this file` };
}

function jsonText(problems: readonly Problem[], isError: (problem: Problem) => boolean): string {
  const entries = problems.map(({ atLoad, atValidate: _atValidate, ...it }) => ({
    severity: isError({ ...it, atLoad, atValidate: _atValidate }) ? 'error' : 'warning',
    loads: atLoad !== 'error',
    ...it,
  }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}
