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
