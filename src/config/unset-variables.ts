import type { KeyPath } from './problem';
import type { Finding } from './read-section';
import { REMARK } from './schema-atoms';

/** What is left after substitution; other programs' formats, `%(asctime)s`, are in small letters or go on with a letter. */
const REFERENCE = /%\(([A-Z][A-Z0-9_]*)\)(?![A-Za-z])/g;

/**
 * References to environment variables that are still in the values: Python takes them as they stand (config.md 2), so that a
 * host is then called `%(NODEPOOL_HOST)`. A value that several places share by a YAML alias is told once.
 */
export function unsetVariables(value: unknown): readonly Finding[] {
  const seen = new Set<object>();
  const look = (it: unknown, path: KeyPath): Finding[] => {
    if (typeof it === 'string') return namesIn(it).map((name) => finding(name, path));
    if (typeof it !== 'object' || it === null || seen.has(it)) return [];
    seen.add(it);
    if (Array.isArray(it)) return it.flatMap((item, index) => look(item, [...path, index]));
    return Object.entries(it).flatMap(([key, item]) => [
      ...namesIn(key).map((name) => finding(name, [...path, key])),
      ...look(item, [...path, key]),
    ]);
  };
  return look(value, []);
}

const namesIn = (text: string) => (text.includes('%(') ? [...text.matchAll(REFERENCE)].map((it) => it[1]!) : []);

function finding(name: string, path: KeyPath): Finding {
  return name.startsWith('NODEPOOL_')
    ? {
        path,
        message: `the environment variable ${name} is not set: %(${name}) is taken as it stands`,
        hint: 'set it for whoever reads this file: the daemons, and your shell',
        ...REMARK,
      }
    : {
        path,
        message: `%(${name}) is taken as it stands: only variables whose names begin with NODEPOOL_ are put in`,
        hint: `call it NODEPOOL_${name}`,
        ...REMARK,
      };
}
