import type { PoolLabelConfig, ProviderConfig } from '../../config/types';
import type { Resources } from '../../model/records';
import type { Clock } from '../../runtime/clock';
import type { ExternalId, Instance, LaunchSpec, Leftover, Provider, Quota } from '../driver';
import { LaunchFailedError, NoCapacityError, NotFoundError, RefusedError } from '../errors';
import { chooseFlavor } from './choose-flavor';
import type { CloudClient } from './client';
import { FakeImages } from './images';
import { instanceOf, needOf } from './instance';
import type { Flavor, ServerView } from './model';
import { serverBody } from './server-body';
import type { Sweeper } from './sweeper';

/** How long the cloud may hold back an answer of `settled`. */
const HOLD_MS = 20_000;

export interface FakeProviderTools {
  readonly client: CloudClient;
  readonly sweeper: Sweeper;
  readonly clock: Clock;
  /** Done once before the first call: the options of the file reach the cloud. */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
}

/** A provider whose cloud is simulated (drivers.md 6), reached over HTTP as a real one is. */
export class FakeProvider implements Provider {
  readonly images: FakeImages;
  #flavors: Promise<readonly Flavor[]> | undefined;
  #prepared: Promise<void> | undefined;

  constructor(
    private readonly config: ProviderConfig,
    private readonly tools: FakeProviderTools,
  ) {
    const call: CloudClient['call'] = (...args) => this.#call(...args);
    this.images = new FakeImages(config, call, tools.clock);
  }

  get name(): string {
    return this.config.name;
  }

  async launch(spec: LaunchSpec, signal: AbortSignal): Promise<Instance> {
    const [flavor, image] = await Promise.all([this.#flavor(spec.label, signal), this.#imageId(spec, signal)]);
    const body = serverBody(spec, flavor, image, this.config);
    try {
      const server = await this.#call<ServerView>('POST', 'servers', signal, { body, confirm: spec.confirm });
      const instance = this.#instance(server);
      // What runs at once and has no address yet is not complete.
      return instance.publicIpv4 === '' ? { ...instance, state: 'starting' } : instance;
    } catch (error) {
      if (error instanceof RefusedError) this.#forget();
      throw error;
    }
  }

  async settled(externalId: ExternalId, signal: AbortSignal): Promise<Instance> {
    const id = idOf(externalId);
    const options = { waitMs: HOLD_MS, subject: id };
    for (;;) {
      const answer = await this.#call<Watched>('GET', `servers/${id}/settled`, signal, options);
      const { server, needs_floating_ip } = answer;
      if (server.status === 'DELETING') throw new NotFoundError(this.name, id);
      if (server.status === 'ERROR') throw this.#fault(server);
      if (server.status !== 'ACTIVE') continue;
      if (!needs_floating_ip || !this.#wantsFloatingIp(server)) return this.#instance(server);
      await this.#call('POST', 'floating-ips', signal, { body: { server: id }, subject: id });
    }
  }

  async destroy(externalId: ExternalId, signal: AbortSignal): Promise<void> {
    const id = idOf(externalId);
    await this.tools.sweeper.releaseAddress(id, signal);
    await this.#call('DELETE', `servers/${id}`, signal, { subject: id });
  }

  async list(signal: AbortSignal): Promise<readonly Instance[]> {
    const servers = await this.#call<ServerView[]>('GET', 'servers', signal);
    return servers.map((it) => this.#instance(it));
  }

  async quota(signal: AbortSignal): Promise<Quota> {
    const { limits } = await this.#call<{ limits: Record<string, number> }>('GET', 'limits', signal);
    const finite = Object.entries(limits).filter(([key, value]) => value >= 0 && key !== 'floating-ips');
    return { limits: Object.fromEntries(finite) };
  }

  async need(label: PoolLabelConfig, signal: AbortSignal): Promise<Resources> {
    return needOf(await this.#flavor(label, signal), label);
  }

  async zones(signal: AbortSignal): Promise<readonly string[]> {
    return this.#call<string[]>('GET', 'zones', signal);
  }

  async consoleLog(externalId: ExternalId, signal: AbortSignal): Promise<string> {
    const id = idOf(externalId);
    const { output } = await this.#call<{ output: string }>('GET', `servers/${id}/console`, signal, { subject: id });
    return output;
  }

  async cleanLeaks(signal: AbortSignal): Promise<Readonly<Record<string, number>>> {
    await this.#prepare(signal);
    return this.tools.sweeper.sweep(signal);
  }

  async listLeaks(signal: AbortSignal): Promise<readonly Leftover[]> {
    await this.#prepare(signal);
    return this.tools.sweeper.leftovers(signal);
  }

  close(): Promise<void> {
    this.tools.client.close();
    return Promise.resolve();
  }

  async #call<T>(...args: Parameters<CloudClient['call']>): Promise<T> {
    args[2].throwIfAborted();
    await this.#prepare(args[2]);
    return this.tools.client.call<T>(...args);
  }

  #prepare(signal: AbortSignal): Promise<void> {
    this.#prepared ??= this.tools.prepare(signal).catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  /** Flavours are remembered for the life of the provider (drivers.md 4). */
  async #flavor(label: PoolLabelConfig, signal: AbortSignal): Promise<Flavor> {
    this.#flavors ??= this.#call<Flavor[]>('GET', 'flavors', signal).catch((error: unknown) => {
      this.#flavors = undefined;
      throw error;
    });
    const flavor = chooseFlavor(await this.#flavors, label.section);
    if (flavor === undefined) throw new RefusedError(this.name, `no flavor for label ${label.name}`);
    return flavor;
  }

  async #imageId(spec: LaunchSpec, signal: AbortSignal): Promise<string> {
    if (spec.image === undefined) throw new RefusedError(this.name, `label ${spec.label.name} has no image`);
    if ('externalId' in spec.image) return spec.image.externalId;
    const id = await this.images.cloudImageId(spec.image.cloudImage, signal);
    if (id === undefined) throw new RefusedError(this.name, `no image ${spec.image.cloudImage} in the cloud`);
    return id;
  }

  /** What was known of the cloud may be outdated (drivers.md 4). */
  #forget(): void {
    this.#flavors = undefined;
    this.images.forget();
  }

  #wantsFloatingIp(server: ServerView): boolean {
    const pool = this.config.pools.get(server.metadata['nodepool_pool_name'] ?? '');
    return pool?.section['auto-floating-ip'] !== false;
  }

  #fault(server: ServerView): Error {
    const reason = server.fault ?? 'no fault given';
    const quota = /exceeds/i.test(reason) && /quota/i.test(reason);
    return quota ? new NoCapacityError(this.name, reason) : new LaunchFailedError(this.name, reason);
  }

  #instance(server: ServerView): Instance {
    return instanceOf(server, this.config.section);
  }
}

interface Watched {
  readonly server: ServerView;
  readonly needs_floating_ip: boolean;
}

function idOf(externalId: ExternalId): string {
  if (typeof externalId === 'string') return encodeURIComponent(externalId);
  throw new TypeError('external id of a fake server is a text');
}
