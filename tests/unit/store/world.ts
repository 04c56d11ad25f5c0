import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import { systemClock } from '../../../src/runtime/clock';
import type { StoreParts } from '../../../src/store/parts';
import type { ZooKeeper } from '../../../src/zk/client';
import { MemoryServer } from '../../../src/zk/memory';

export const never: AbortSignal = new AbortController().signal;

/** A server in memory and clients that are closed at the end. */
export class World {
  readonly server = new MemoryServer({ clock: systemClock });
  readonly #clients: ZooKeeper[] = [];
  #seed = 1;

  async connect(): Promise<ZooKeeper> {
    const zk = this.server.connect();
    this.#clients.push(zk);
    await zk.connected();
    return zk;
  }

  async parts(): Promise<StoreParts> {
    return this.tools(await this.connect());
  }

  tools(zk: ZooKeeper): StoreParts {
    this.#seed += 1;
    return { zk, clock: systemClock, random: seededRandom(this.#seed), log: silentLogger, observe: () => undefined };
  }

  /** Paths below `prefix` with their text. */
  below(prefix: string): Record<string, string> {
    const entries = [...this.server.dump()].filter(([path]) => path.startsWith(`${prefix}/`));
    return Object.fromEntries(entries.map(([path, data]) => [path.slice(prefix.length + 1), data.toString()]));
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((it) => it.close()));
    expect(this.server.sessionIds()).toEqual([]);
    expect(this.server.pendingFaults).toBe(0);
  }
}
