import type { Clock } from '../../runtime/clock';
import type { Leftover } from '../driver';
import { NotFoundError } from '../errors';
import type { CloudClient } from './client';
import type { FloatingIpRecord, PortRecord } from './model';

export interface SweeperOptions {
  readonly client: CloudClient;
  readonly clock: Clock;
  /** 0: never. */
  readonly portIntervalMs: number;
  readonly cleanFloatingIps: boolean;
}

/**
 * Deletes what carries no metadata (drivers.md 5.5): ports that are DOWN in two checks in a row, and floating IPs that no
 * server uses. Both assume that nobody else uses the account.
 */
export class Sweeper {
  #down: ReadonlySet<string> = new Set();
  #checkedAt: number | undefined;
  #usesAddresses: Promise<boolean> | undefined;

  constructor(private readonly options: SweeperOptions) {}

  /** How many of each kind were deleted, under the names that metrics use. */
  async sweep(signal: AbortSignal): Promise<{ readonly ports: number; readonly floatingips: number }> {
    return { ports: await this.#sweepPorts(signal), floatingips: await this.#sweepFloatingIps(signal) };
  }

  /** What the sweeps would take, as far as they are switched on. */
  async leftovers(signal: AbortSignal): Promise<readonly Leftover[]> {
    const { client, portIntervalMs, cleanFloatingIps } = this.options;
    const ports = portIntervalMs === 0 ? [] : await client.call<PortRecord[]>('GET', 'ports', signal);
    const addresses = cleanFloatingIps ? await client.call<FloatingIpRecord[]>('GET', 'floating-ips', signal) : [];
    return [
      ...ports.filter(isLeakedPort).map(({ id }) => ({ kind: 'ports', id })),
      ...addresses.filter((it) => it.server_id === null).map(({ id }) => ({ kind: 'floatingips', id })),
    ];
  }

  /** The server's floating IP goes before the server does, else it would be left over. */
  async releaseAddress(serverId: string, signal: AbortSignal): Promise<void> {
    if (!(await this.#cloudUsesAddresses(signal))) return;
    const addresses = await this.options.client.call<FloatingIpRecord[]>('GET', 'floating-ips', signal);
    for (const it of addresses) if (it.server_id === serverId) await this.#delete('floating-ips', it.id, signal);
  }

  /** Asked once in the life of a provider. */
  #cloudUsesAddresses(signal: AbortSignal): Promise<boolean> {
    this.#usesAddresses ??= this.options.client.call<{ limits: Record<string, number> }>('GET', 'limits', signal).then(
      ({ limits }) => limits['floating-ips'] !== 0,
      (error: unknown) => {
        this.#usesAddresses = undefined;
        throw error;
      },
    );
    return this.#usesAddresses;
  }

  async #sweepPorts(signal: AbortSignal): Promise<number> {
    const { clock, portIntervalMs } = this.options;
    const now = clock.monotonic();
    if (portIntervalMs === 0) return 0;
    if (this.#checkedAt !== undefined && now - this.#checkedAt < portIntervalMs) return 0;
    const ports = await this.options.client.call<PortRecord[]>('GET', 'ports', signal);
    const leaked = ports.filter(isLeakedPort);
    const twice = leaked.filter((it) => this.#down.has(it.id));
    for (const it of twice) await this.#delete('ports', it.id, signal);
    this.#down = new Set(leaked.map((it) => it.id));
    this.#checkedAt = now;
    return twice.length;
  }

  async #sweepFloatingIps(signal: AbortSignal): Promise<number> {
    if (!this.options.cleanFloatingIps) return 0;
    const addresses = await this.options.client.call<FloatingIpRecord[]>('GET', 'floating-ips', signal);
    const unused = addresses.filter((it) => it.server_id === null);
    for (const it of unused) await this.#delete('floating-ips', it.id, signal);
    return unused.length;
  }

  async #delete(collection: string, id: string, signal: AbortSignal): Promise<void> {
    await this.options.client.call('DELETE', `${collection}/${id}`, signal, { subject: id }).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error; // somebody else was quicker
    });
  }
}

const isLeakedPort = (it: PortRecord) => it.status === 'DOWN' && /^(compute:.*)?$/.test(it.device_owner);
