import { argumentsOf, type Flag, flagsOf, GLOBAL_FLAGS, type Source, VISIBLE } from './words';

/** `tree node`, `words a b`, `files` or `user`: what the scripts of bash and zsh go by. */
function sourceText(source: Source): string {
  if (source.from === 'words') return `words ${source.words.join(' ')}`;
  return source.from === 'tree' ? `tree ${source.kind}` : source.from;
}

/**
 * Three shell functions that both bash and zsh read: `__nodepool_flags COMMAND` lists options, `__nodepool_value COMMAND FLAG`
 * says what may follow one that takes a value, `__nodepool_argument COMMAND N` what may stand as Nth argument.
 */
export function caseTables(): string {
  const flags = [`'') echo '${namesOf(GLOBAL_FLAGS)}' ;;`];
  const values = valueCases('*', GLOBAL_FLAGS);
  const args: string[] = [];
  for (const spec of VISIBLE) {
    flags.push(`${spec.name}) echo '${namesOf(flagsOf(spec))}' ;;`);
    values.push(...valueCases(spec.name, flagsOf(spec)));
    const { sources, more } = argumentsOf(spec);
    for (const [index, source] of sources.entries()) {
      const place = more && index === sources.length - 1 ? `'${spec.name} '*` : `'${spec.name} ${index}'`;
      args.push(`${place}) echo '${sourceText(source)}' ;;`);
    }
  }
  return [
    shellFunction('__nodepool_flags', '"$1"', flags),
    shellFunction('__nodepool_value', '"$1 $2"', values),
    shellFunction('__nodepool_argument', '"$1 $2"', args),
  ].join('\n');
}

/** `command` `*` stands for all of them. */
function valueCases(command: string, flags: readonly Flag[]): string[] {
  const pattern = (flag: string) => (command === '*' ? `*' ${flag}'` : `'${command} ${flag}'`);
  return flags.flatMap(({ names, value }) =>
    value === undefined ? [] : [`${names.map(pattern).join(' | ')}) echo '${sourceText(value)}' ;;`],
  );
}

const namesOf = (flags: readonly Flag[]) => flags.flatMap((it) => it.names).join(' ');

function shellFunction(name: string, subject: string, cases: readonly string[]): string {
  return `${name}() {\n  case ${subject} in\n${cases.map((it) => `    ${it}\n`).join('')}  esac\n}\n`;
}
