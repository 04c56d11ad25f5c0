import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { Random } from '../../runtime/random';

/** Where ports are looked for: below the ones that the kernel gives to outgoing connections. */
const FIRST = 10_000;
const LAST = 21_999;

/**
 * Ports of the loopback address that were free just now, all different. They are not the kernel's own choice: a port from
 * its range may be taken by any outgoing connection while a server that listened on it is down, even by a client that
 * tries to reach that very server and so connects to itself.
 */
export async function freePorts(count: number, random: Random): Promise<number[]> {
  const last = Math.min(LAST, (await firstOutgoingPort()) - 1);
  const held: { readonly port: number; readonly server: Server }[] = [];
  try {
    for (let tries = 0; held.length < count && tries < 1_000; tries += 1) {
      // A kernel that leaves no room is asked for its own choice.
      const wanted = last < FIRST ? 0 : FIRST + Math.floor(random.next() * (last - FIRST + 1));
      const it = await hold(wanted);
      if (it !== undefined) held.push(it);
    }
  } finally {
    await Promise.all(held.map(({ server }) => new Promise((done) => server.close(done))));
  }
  if (held.length < count) throw new Error(`no ${count} free ports between ${FIRST} and ${last}`);
  return held.map((it) => it.port);
}

function hold(wanted: number): Promise<{ readonly port: number; readonly server: Server } | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(wanted, '127.0.0.1', () => {
      resolve({ port: (server.address() as { readonly port: number }).port, server });
    });
  });
}

async function firstOutgoingPort(): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '32768');
  return Number.parseInt(range, 10);
}
