import { type Logger, silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { Clock } from '../../../src/runtime/clock';
import type { Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import type { Route } from '../../../src/web/answer';
import type { Phase } from '../../../src/web/health';
import { launcherRoutes, type LauncherWebOptions } from '../../../src/web/launcher-routes';
import { SeenTree } from '../../../src/web/seen-tree';
import { startWeb, type WebServer } from '../../../src/web/server';
import type { ZooKeeper } from '../../../src/zk/client';
import { readTree } from '../../support/fixture-tree';
import { putTree } from '../../support/put-tree';
import { World } from '../store/world';

/** A launcher's web server over a tree in memory. */
export class WebWorld {
  phase: Phase = 'running';

  private constructor(
    readonly world: World,
    readonly zk: ZooKeeper,
    readonly store: Store,
    readonly tree: SeenTree,
  ) {}

  server!: WebServer;

  /** Of a recorded tree, or an empty one. */
  static async open(
    recorded: string | undefined,
    clock: Clock,
    more: (tree: SeenTree) => readonly Route[] = () => [],
    admin?: LauncherWebOptions['admin'],
    log: Logger = silentLogger,
  ): Promise<WebWorld> {
    const world = new World();
    const zk = await world.connect();
    if (recorded !== undefined) await putTree(zk, readTree(recorded), { ephemeral: 'keep' });
    const store = openStore(zk, { ...world.tools(zk), clock });
    const it = new WebWorld(world, zk, store, new SeenTree(store));
    const tools = { clock, log, random: seededRandom(7) };
    const about = { version: '1.2.3', phase: () => it.phase };
    const routes = [...launcherRoutes(it.tree, { ...about, ...tools, admin }), ...more(it.tree)];
    it.server = await startWeb({ port: 0, listenAddress: '127.0.0.1', routes }, { clock, log: silentLogger });
    await it.settled();
    return it;
  }

  /** Another launcher's server on the same client, which has not read anything yet. */
  static async openBlind(of: WebWorld, clock: Clock): Promise<{ server: WebServer; close(): Promise<void> }> {
    const store = openStore(of.zk, of.world.tools(of.zk));
    const tree = new SeenTree(store);
    const tools = { clock, log: silentLogger, random: seededRandom(8) };
    const routes = launcherRoutes(tree, { version: null, phase: () => 'running', ...tools });
    const server = await startWeb({ port: 0, listenAddress: '127.0.0.1', routes }, { clock, log: silentLogger });
    const close = async () => {
      await server.close();
      tree.close();
      await store.close();
    };
    return { server, close };
  }

  url(path: string): string {
    return `${this.server.url}${path}`;
  }

  async settled(): Promise<void> {
    const { nodes, requests, images, components } = this.store;
    await Promise.all([nodes, requests, images, components].map((it) => it.view().settled()));
    await Promise.resolve(); // nudges come after the turn
  }

  async close(): Promise<void> {
    await this.server.close();
    this.tree.close();
    await this.store.close();
    await this.world.close();
  }
}
