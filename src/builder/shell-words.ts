/**
 * Splits a command line into words as a POSIX shell would, quotes and backslashes included, and nothing else: no
 * variables, no globs (what Python's `shlex.split` does with `dib-cmd`). Throws a `SyntaxError` on an open quote.
 */
export function shellWords(text: string): readonly string[] {
  const words: string[] = [];
  let rest = text;
  let word: string | undefined;
  for (;;) {
    const found = TOKEN.exec(rest);
    if (found === null) {
      if (rest !== '') throw new SyntaxError(`no end of quotation in ${JSON.stringify(text)}`);
      break;
    }
    rest = rest.slice(found[0].length);
    const { blank, single, double, escaped, plain } = found.groups!;
    if (blank !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + (single ?? double?.replace(/\\([\\"])/g, '$1') ?? escaped ?? plain ?? '');
    }
  }
  return word === undefined ? words : [...words, word];
}

const TOKEN =
  /^(?:(?<blank>\s+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[^])*)"|\\(?<escaped>[^])|(?<plain>[^\s'"\\]+))/;
