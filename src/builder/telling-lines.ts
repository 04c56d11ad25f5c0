/** `set -x` of the tool, with or without its time stamp: what it does, not what came of it. */
const TRACE = /^(\d{4}-\d\d-\d\d [\d:.,]+ \| )?\++ /;
/** Python's logging at its lowest level, apart from what programs printed that it ran. */
const DEBUG = /^(\d{4}-\d\d-\d\d [\d:.,]+ \| )?DEBUG (?!.*exec_sudo: )/;
/** Fewer than these are no story: then the end is shown as it is. */
const ENOUGH = 3;

/**
 * The last lines of a log that say something: after a failure the image tool traces how it clears up, for more lines than
 * anybody keeps, and why it failed stands above them.
 */
export function tellingLines(lines: readonly string[], count: number): readonly string[] {
  const telling = lines.filter((it) => it.trim() !== '' && !TRACE.test(it) && !DEBUG.test(it));
  return (telling.length < ENOUGH ? lines : telling).slice(-count);
}

/** What stands before a line's own words: the tool's time, levels and modules of Python's logging, stars of headings. */
const PREFIX =
  /^(\d{4}-\d\d-\d\d [\d:.,]+ \| )?((DEBUG|INFO|WARNING|ERROR|CRITICAL) [\w.]+ \[[^\]]*\] )?(exec_sudo: )?(\*+ )?/;
/** Our own last line says what the failure's message says already. */
const OWN = /^Exit code: -?\d+$/;
const TROUBLE =
  /\b(E:|err(or)?\b|fail|fatal|cannot|can't|could not|unable|not found|no such|denied|refused|invalid|missing)/i;
const REASON_LENGTH = 160;

/**
 * The one line of `tellingLines` that says why, shortened: the last that speaks of trouble, for the tool still says what it
 * unmounts after it, or else the last. Undefined if there is none.
 */
export function reasonLine(lines: readonly string[]): string | undefined {
  const said = lines
    .filter((it) => !TRACE.test(it) && !OWN.test(it))
    .map((it) => it.replace(PREFIX, '').trim())
    .filter((it) => it !== '');
  const line = said.findLast((it) => TROUBLE.test(it)) ?? said.at(-1);
  return line === undefined || line.length <= REASON_LENGTH ? line : `${line.slice(0, REASON_LENGTH - 1)}…`;
}
