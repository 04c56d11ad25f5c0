import { readConfig } from '../../config/load';
import { problemLine, type Problem } from '../../config/problem';
import { drivers } from '../../drivers/registry';
import type { Command } from '../context';

/**
 * config.md 14, except that all problems are told. Errors are what Python's validator rejects; what only its daemons reject,
 * and what we remark on, are warnings.
 */
export const run: Command = async (context, _args, options) => {
  const file = context.global.configFile;
  const { problems } = readConfig({ file, env: context.io.env, schemas: drivers });
  const isError = (it: Problem) => it.atValidate === 'error' || options['strict'] === true;
  if (options['format'] === 'json') await context.print(jsonText(problems, isError));
  else for (const it of problems) context.complain(`${isError(it) ? 'error' : 'warning'}: ${problemLine(note(it))}`);
  return problems.some(isError) ? 1 : 0;
};

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
