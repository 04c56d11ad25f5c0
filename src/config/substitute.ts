/**
 * Puts the values of environment variables whose names begin with `NODEPOOL_` in place of `%(NAME)`, as plain text and
 * before YAML is read, everywhere (config.md 2). Unknown names stay as they are.
 */
export function substitute(text: string, env: Readonly<Record<string, string | undefined>>): string {
  if (!text.includes('%(NODEPOOL_')) return text;
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith('NODEPOOL_') && value !== undefined)
    .reduce((done, [name, value]) => done.replaceAll(`%(${name})`, () => value ?? ''), text);
}
