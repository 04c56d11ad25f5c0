import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

export const root = join(__dirname, '..', '..');

export interface Source {
  /** Relative to the repository, `src/zk/lock.ts`. */
  readonly file: string;
  readonly text: string;
}

/** All TypeScript files below a folder of the repository. */
export function sources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile() && it.name.endsWith('.ts'))
    .map((it) => join(it.parentPath, it.name))
    .map((path) => ({ file: relative(root, path), text: readFileSync(path, 'utf8') }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Comments and string contents blanked, so that rules look at code only. Line numbers stay. */
export function codeOnly(text: string): string {
  const blank = (it: string) => it.replace(/[^\n]/g, ' ');
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, blank);
}

/** Module names in `import … from`, `export … from`, `import()` and `require()`. */
export function importsOf(text: string): string[] {
  const withoutComments = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/[^\n]*/gm, '');
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|\brequire\s*\(\s*|^import\s*)'([^']+)'/gm;
  return [...withoutComments.matchAll(pattern)].map((it) => it[1]!);
}
