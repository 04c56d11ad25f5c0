import type { Logger } from '../runtime/log';
import type { World, WorldChange } from './world';

/**
 * Tells of requests and nodes whose records cannot be read, once for each way in which they cannot: nobody serves them and
 * nobody removes them, and whoever wrote them does not know. Returns how to stop.
 */
export function tellOfUnreadable(world: World, log: Logger): () => void {
  const told = new Map<string, string>();
  const look = (what: 'request' | 'node', id: string, broken: string | undefined) => {
    const key = `${what} ${id}`;
    if (broken === undefined || broken === 'empty') told.delete(key);
    else if (told.get(key) !== broken) {
      told.set(key, broken);
      log.warn(`${what} cannot be read, it is left alone until its record is mended`, { [what]: id, reason: broken });
    }
  };
  const lookAt = ({ requests, nodes }: WorldChange) => {
    for (const id of requests) look('request', id, world.requestEntry(id)?.broken);
    for (const id of nodes) look('node', id, world.nodeEntry(id)?.broken);
  };
  const ids = (all: Iterable<{ readonly id: string }>) => new Set([...all].map((it) => it.id));
  lookAt({ requests: ids(world.requests.all()), nodes: ids(world.nodes.all()) });
  return world.onChange(lookAt);
}
