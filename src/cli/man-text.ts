/** Text for man(7): a hyphen that can be copied, no escapes by chance, no line that roff takes for a request. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

/** An option and what it does, as a tagged paragraph. */
export function manOption(flags: string, text: string): string[] {
  return ['.TP', `.B ${roff(flags)}`, roff(`${text[0]!.toUpperCase()}${text.slice(1)}`)];
}
