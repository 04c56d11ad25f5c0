import { oldKeyHint } from './old-keys';
import type { KeyPath, Position } from './problem';

interface OldProblem {
  readonly path: KeyPath;
  readonly message: string;
  readonly hint: string;
  readonly position: Position;
}

/**
 * What to say of a secure file in the ini format of the releases before 3.0 (config.md 16): that it is one, then each of its
 * keys with what stands in its place. None for any other text. Values are secrets and are never repeated.
 */
export function oldIniProblems(text: string): OldProblem[] {
  const lines = text.split(/\r?\n/);
  const meaningful = lines.findIndex((it) => it.trim() !== '' && !/^\s*[#;]/.test(it));
  if (!/^\s*\[[^\]\n,]+\]\s*$/.test(lines[meaningful] ?? '')) return [];
  const problems: OldProblem[] = [];
  let section = '';
  for (const [at, line] of lines.entries()) {
    section = /^\s*\[([^\]]+)\]\s*$/.exec(line)?.[1] ?? section;
    const [, indent = '', key] = /^(\s*)([\w-]+)\s*[=:]/.exec(line) ?? [];
    const hint = key === undefined ? undefined : oldKeyHint([section.split(/\s/)[0]!], key);
    if (key === undefined || hint === undefined) continue;
    const position = { line: at + 1, column: indent.length + 1 };
    problems.push({ path: [section, key], message: `old key "${key}"`, hint, position });
  }
  return [
    {
      path: [],
      message: 'this is the ini format of the releases before 3.0, not YAML',
      hint: 'write a YAML file with "zookeeper-servers", "zookeeper-tls" or "diskimages", or leave the secure file out',
      position: { line: meaningful + 1, column: 1 },
    },
    ...problems,
  ];
}
