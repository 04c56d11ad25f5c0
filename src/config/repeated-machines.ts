import type { ProviderEntry } from './cross-checks';
import type { KeyPath, Position } from './problem';
import { keyText } from './problem';
import type { Finding } from './read-section';
import { REMARK } from './schema-atoms';
import { asList, asMap } from './section';
import { machineKey } from './standing-machine';
import type { Json } from '../model/json';

interface Place {
  readonly provider: number;
  readonly path: KeyPath;
}

/**
 * Machines of static providers that stand in the file more than once, by name, user and port (drivers.md 7.1). Python says
 * nothing; a machine that two providers have is handed out by both at a time.
 */
export function repeatedMachines(
  providers: readonly ProviderEntry[],
  locate: (path: KeyPath) => Position | undefined,
): readonly Finding[] {
  const first = new Map<string, Place>();
  return machineEntries(providers).flatMap(({ provider, path, key, what }): Finding[] => {
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, { provider, path });
      return [];
    }
    const line = locate(before.path)?.line;
    const where = `${keyText(before.path)}${line === undefined ? '' : `, line ${line}`}`;
    const isSame = before.provider === provider;
    return [
      {
        path: [...path, 'name'],
        message: `the machine ${what} is listed already (${where}): ${
          isSame ? 'the first entry counts' : 'both providers hand it out, each as often as it says'
        }`,
        hint: isSame ? 'list it once, with all its labels' : 'list it in one of them, with all its labels',
        ...REMARK,
      },
    ];
  });
}

function machineEntries(providers: readonly ProviderEntry[]) {
  return providers
    .filter((it) => it.driver === 'static')
    .flatMap(({ index, section }) =>
      asList(section['pools']).flatMap((pool, poolAt) =>
        asList(asMap(pool)?.['nodes']).flatMap((node, nodeAt) => {
          const { name, username, 'connection-port': port, 'ssh-port': oldPort } = asMap(node) ?? {};
          if (typeof name !== 'string') return [];
          const path: KeyPath = ['providers', index, 'pools', poolAt, 'nodes', nodeAt];
          const at = (port ?? oldPort ?? 22) as Json;
          const user = String(username);
          return [{ provider: index, path, key: machineKey(name, user, at), what: `${user}@${name}:${String(at)}` }];
        }),
      ),
    );
}
