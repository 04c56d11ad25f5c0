import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS, GLOBAL_OPTIONS } from '../../src/cli/specs';
import { LIST_OPTIONS } from '../../src/cli/specs/options';
import { longFlag, type OptionSpec, shortFlag } from '../../src/cli/specs/spec';
import { root } from './sources';

/** The rows of docs/command-tests.md: what is tested, and where. */
const documented = new Map(
  [
    ...readFileSync(join(root, 'docs/command-tests.md'), 'utf8').matchAll(
      /^\| ((?:every list )?`[^`]+`)\s*\| (\S+)\s*\|$/gm,
    ),
  ].map((it) => [it[1]!, it[2]!]),
);

interface Promised {
  readonly name: string;
  /** What the test's file must have as a word of its own: one of each. */
  readonly words: readonly (readonly string[])[];
}

const spellings = (it: OptionSpec) => [longFlag(it), shortFlag(it)].filter((word) => word !== undefined);
const visible = COMMANDS.filter((it) => it.hidden !== true);
const promised: readonly Promised[] = [
  ...GLOBAL_OPTIONS.map((it) => ({ name: `\`${longFlag(it)}\``, words: [spellings(it)] })),
  ...LIST_OPTIONS.map((it) => ({ name: `every list \`${longFlag(it)}\``, words: [spellings(it)] })),
  ...visible.flatMap((spec) => [
    { name: `\`${spec.name}\``, words: [[spec.name]] },
    ...(spec.options ?? [])
      .filter((it) => !LIST_OPTIONS.includes(it))
      .map((it) => ({ name: `\`${spec.name} ${longFlag(it)}\``, words: [[spec.name], spellings(it)] })),
  ]),
];

test('every command and option is in docs/command-tests.md, and nothing else', () => {
  expect([...documented.keys()].sort()).toEqual(promised.map((it) => it.name).sort());
});

test('every command and option is used by the test that is named for it', () => {
  const missing = promised.filter(({ name, words }) => {
    const text = readFileSync(join(root, documented.get(name)!), 'utf8');
    return !words.every((some) => some.some((it) => new RegExp(`['"\` ]${it}['"\` =]`).test(text)));
  });
  expect(missing.map((it) => it.name)).toEqual([]);
});
