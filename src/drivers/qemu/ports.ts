import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Random } from '../../runtime/random';

/**
 * A port of the range that no machine has and that can be bound now. Begins at a random place, so that several stores
 * on one host seldom try the same port at once. Undefined if there is none.
 */
export async function freePort(
  range: readonly [number, number],
  taken: ReadonlySet<number>,
  bindable: (port: number) => Promise<boolean>,
  random: Random,
): Promise<number | undefined> {
  const [first, last] = range;
  const count = last - first + 1;
  const offset = Math.floor(random.next() * count);
  for (let step = 0; step < count; step += 1) {
    const port = first + ((offset + step) % count);
    if (!taken.has(port) && (await bindable(port))) return port;
  }
  return undefined;
}

/** Whether nobody else has the port of the address at this moment. */
export async function canBind(address: string, port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ host: address, port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
