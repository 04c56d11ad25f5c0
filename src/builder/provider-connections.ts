import { isDeepStrictEqual } from 'node:util';
import type { Config, ProviderConfig } from '../config/types';
import type { DriverRegistry, Provider, ProviderImages } from '../drivers/driver';
import { logTrouble } from '../drivers/log-trouble';
import type { Logger } from '../runtime/log';
import { imageProviders } from './settings';

interface Connection {
  readonly config: ProviderConfig;
  readonly provider: Provider;
  users: number;
  /** Replaced or not configured any more: closed when nobody uses it. */
  retired: boolean;
}

/** An image store at work, with the configuration it was opened with. */
export interface ConnectedImages {
  readonly config: ProviderConfig;
  /** All of it, for nodes that a new image is tried with. */
  readonly provider: Provider;
  readonly images: ProviderImages;
}

/**
 * The open providers. A changed configuration opens new ones; work in progress goes on with the old one, which is closed
 * after its last user.
 */
export class ProviderConnections {
  readonly #open = new Map<string, Connection>();
  readonly #retired = new Set<Promise<void>>();

  constructor(
    private readonly drivers: DriverRegistry,
    private readonly open: (config: ProviderConfig) => Provider,
    private readonly log: Logger,
  ) {}

  /** Makes the connections those of `config`. One that cannot be opened is logged, missing, and tried again next time. */
  update(config: Config): void {
    const wanted = new Map(imageProviders(config, this.drivers).map((it) => [it.name, it]));
    for (const [name, connection] of this.#open) {
      if (!isDeepStrictEqual(connection.config, wanted.get(name))) this.#retire(name, connection);
    }
    for (const [name, it] of wanted) {
      if (!this.#open.has(name)) this.#connect(it);
    }
  }

  /** Runs `work` with the provider's images; undefined if it is not open or takes none. */
  async use<T>(name: string, work: (connected: ConnectedImages) => Promise<T>): Promise<T | undefined> {
    const connection = this.#open.get(name);
    const images = connection?.provider.images;
    if (connection === undefined || images === undefined) return undefined;
    connection.users += 1;
    try {
      return await work({ config: connection.config, provider: connection.provider, images });
    } finally {
      connection.users -= 1;
      this.#closeIfIdle(connection);
    }
  }

  async close(): Promise<void> {
    for (const [name, connection] of this.#open) this.#retire(name, connection, true);
    await Promise.all(this.#retired);
  }

  #connect(config: ProviderConfig): void {
    try {
      const provider = this.open(config);
      this.#open.set(config.name, { config, provider, users: 0, retired: false });
    } catch (error) {
      logTrouble(this.log, 'error', 'provider cannot be opened', error, { provider: config.name });
    }
  }

  #retire(name: string, connection: Connection, now = false): void {
    this.#open.delete(name);
    connection.retired = true;
    if (now) connection.users = 0;
    this.#closeIfIdle(connection);
  }

  #closeIfIdle(connection: Connection): void {
    if (!connection.retired || connection.users > 0) return;
    const closing = connection.provider
      .close()
      .catch((error: unknown) =>
        logTrouble(this.log, 'error', 'provider did not close', error, { provider: connection.config.name }),
      );
    this.#retired.add(closing);
    void closing.then(() => this.#retired.delete(closing));
  }
}
