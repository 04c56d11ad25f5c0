import type { Position } from '../../config/problem';

export interface IniOption {
  readonly value: string;
  readonly position: Position;
}

export interface IniSection {
  readonly position: Position;
  /** By name in lower case, as Python's ConfigParser keeps them. */
  readonly options: Map<string, IniOption>;
}

/** A line that belongs to no section or has no value; the message says which is meant. */
export class IniError extends Error {
  override readonly name = 'IniError';

  constructor(
    message: string,
    readonly position: Position,
  ) {
    super(message);
  }
}

/**
 * Reads an ini text as Python's ConfigParser does: `=` or `:` between name and value, lines that begin with `#` or `;` are
 * comments, indented lines continue a value, `[DEFAULT]` holds for all sections.
 */
export function readIni(text: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, IniSection>();
  let section: IniSection | undefined;
  let open: { key: string; lines: string[]; position: Position } | undefined;
  const close = () => {
    if (open !== undefined && section !== undefined)
      section.options.set(open.key, { value: open.lines.join('\n').trim(), position: open.position });
    open = undefined;
  };
  text.split(/\r?\n/).forEach((line, index) => {
    const position = { line: index + 1, column: line.length - line.trimStart().length + 1 };
    if (/^\s*[#;]/.test(line)) return;
    if (line.trim() === '') return;
    if (/^\s/.test(line) && open !== undefined) {
      open.lines.push(line.trim());
      return;
    }
    close();
    const header = /^\s*\[([^\]]+)\]/.exec(line);
    if (header !== null) {
      const name = header[1]!;
      if (sections.has(name)) throw new IniError(`section ${name} is there twice`, position);
      section = { position, options: new Map() };
      sections.set(name, section);
      return;
    }
    const pair = /^\s*([^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (pair === null || pair[1] === '') throw new IniError('this line is neither [section] nor name=value', position);
    if (section === undefined) throw new IniError('this line stands before any [section]', position);
    open = { key: pair[1]!.toLowerCase(), lines: [pair[2]!], position };
  });
  close();
  return withDefaults(sections);
}

function withDefaults(sections: Map<string, IniSection>): ReadonlyMap<string, IniSection> {
  const defaults = sections.get('DEFAULT')?.options;
  if (defaults === undefined) return sections;
  sections.delete('DEFAULT');
  for (const { options } of sections.values())
    for (const [key, option] of defaults) if (!options.has(key)) options.set(key, option);
  return sections;
}
