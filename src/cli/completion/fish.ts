import { argumentsOf, type Flag, flagsOf, GLOBAL_FLAGS, type Source, VISIBLE } from './words';

export function fishScript(): string {
  const names = VISIBLE.map((it) => it.name).join(' ');
  const lines = [
    '# fish completion of nodepool; made by: nodepool completion fish',
    'function __nodepool_tree',
    '    set -l words (commandline -opc)',
    '    set -l config',
    '    for index in (seq 2 (count $words))',
    '        if contains -- $words[$index] -c -s; and test (count $words) -gt $index',
    '            set config $config $words[$index] $words[(math $index + 1)]',
    '        end',
    '    end',
    '    $words[1] $config --timeout 2 complete $argv[1] 2>/dev/null',
    'end',
    `set -l commands ${names}`,
    'complete -c nodepool -f',
    ...GLOBAL_FLAGS.map((it) => `complete -c nodepool ${flagText(it)}`),
  ];
  for (const spec of VISIBLE) {
    const seen = `-n ${quote(`__fish_seen_subcommand_from ${spec.name}`)}`;
    lines.push(
      `complete -c nodepool -n "not __fish_seen_subcommand_from $commands" -a ${spec.name} -d ${quote(spec.summary)}`,
      ...flagsOf(spec).map((it) => `complete -c nodepool ${seen} ${flagText(it)}`),
      ...argumentsOf(spec).sources.flatMap((it) => {
        const words = sourceText(it);
        return words === '' ? [] : [`complete -c nodepool ${seen} ${words}`];
      }),
    );
  }
  return `${lines.join('\n')}\n`;
}

function flagText({ names, help, value }: Flag): string {
  const spellings = names.map((it) => (it.startsWith('--') ? `-l ${it.slice(2)}` : `-s ${it.slice(1)}`));
  return [...spellings, ...(value === undefined ? [] : ['-x', sourceText(value)]), `-d ${quote(help)}`]
    .filter(Boolean)
    .join(' ')
    .replace('-x -F', '-r -F');
}

function sourceText(source: Source): string {
  if (source.from === 'words') return `-a ${quote(source.words.join(' '))}`;
  if (source.from === 'files') return '-F';
  return source.from === 'tree' ? `-a ${quote(`(__nodepool_tree ${source.kind})`)}` : '';
}

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
