import { sameAccount } from '../config/difference';
import { sameValue } from '../config/same-value';
import type { PoolConfig, PoolLabelConfig, ProviderConfig } from '../config/types';
import { minus, total } from '../decide/quota';
import type { Instance, Provider } from '../drivers/driver';
import { RefusedError } from '../drivers/errors';
import { logTrouble } from '../drivers/log-trouble';
import type { Resources } from '../model/records';
import type { Reconciler } from '../runtime/reconcile';
import { isOwn, NODE_ID_KEY, type Owner } from './destroy-instance';
import type { MachineStock } from './standing-unit';
import type { LauncherTools } from './tools';

/** How long an answer about the account's limits is good for, and how soon a failed question is repeated. */
const QUOTA_AGE_MS = 300_000;
const RETRY_MS = 10_000;
/** After so long a cloud that was silent is tried again with whatever request comes. */
const SILENCE_MS = 60_000;

export interface RuntimeEvents {
  /** `installation-id` of the configuration. */
  installation(): string | undefined;
  nodeExists(node: string): boolean;
  /** Something that decisions rest on is known now, or has changed. */
  learned(): void;
  /** An answer was found to be wrong: ask again soon. */
  doubted(): void;
  /** A launch has ended where their number is bounded. */
  slotFree(): void;
  /** The machines of a provider that has some. */
  stock?(): MachineStock | undefined;
}

/**
 * One configured provider as long as its configuration stays the same: the connection, and what the cloud has told about
 * limits, labels, zones and images, so that decisions need not wait for it. Errors leave the older answer in place, and
 * concern one label or one image.
 */
export class ProviderRuntime implements Reconciler {
  readonly name: string;
  readonly provider: Provider;
  readonly broken = new Set<string>();
  #available: Resources | undefined;
  #availableAtMs = -Infinity;
  readonly #needs = new Map<string, Resources>();
  readonly #cloudImages = new Map<string, boolean>();
  #zones: readonly string[] | undefined;
  #users = 0;
  #isUnanswered = false;
  #silentUntilMs = -Infinity;
  #retired = false;
  #closing: Promise<void> | undefined;
  readonly #launchQueue: (() => void)[] = [];
  #launching = 0;

  constructor(
    readonly config: ProviderConfig,
    private readonly tools: LauncherTools,
    private readonly events: RuntimeEvents,
    before?: ProviderRuntime,
  ) {
    if (before !== undefined && sameAccount(before.config, config)) this.#inherit(before);
    this.name = `provider ${config.name}`;
    this.provider = tools.openProvider(config, {
      clock: tools.clock,
      random: tools.random,
      env: tools.env,
      mayAct: () => tools.store.zk.session?.isLeased() === true,
      log: tools.log.child({ logger: `nodepool.driver.${config.driver}`, provider: config.name }),
    });
  }

  /** How instances of ours are known. */
  get owner(): Owner {
    return { provider: this.config.name, installation: this.events.installation() };
  }

  /** Nodes are there already and are never launched. */
  get isStanding(): boolean {
    return this.provider.standing !== undefined;
  }

  get stock(): MachineStock | undefined {
    return this.events.stock?.();
  }

  /** Limits of the account less what others use of it; undefined until known. */
  get available(): Resources | undefined {
    return this.#available;
  }

  get zones(): readonly string[] {
    return this.#zones ?? [];
  }

  /** Whether the cloud has said which zones there are. */
  get knowsZones(): boolean {
    return this.#zones !== undefined;
  }

  /** Whether a launch has lately got no answer. Questions that fail are no sign of it: a cloud may not answer some to anybody. */
  get isSilent(): boolean {
    return this.tools.clock.monotonic() < this.#silentUntilMs;
  }

  /** Whether the cloud has lately left a question open: what is not known may stay so for long. */
  get isUnanswered(): boolean {
    return this.#isUnanswered;
  }

  /** What one node of the label uses; undefined until known. Nothing for a label that the provider refuses. */
  need(pool: string, label: string): Resources | undefined {
    return this.broken.has(labelKey(pool, label)) ? {} : this.#needs.get(labelKey(pool, label));
  }

  /** Whether the cloud has the image; true until it has said no. */
  cloudImageReady(image: string): boolean {
    return this.#cloudImages.get(image) ?? true;
  }

  /** After the cloud said that it is full: its limits are asked for anew. */
  forgetQuota(): void {
    this.#availableAtMs = -Infinity;
    this.events.doubted();
  }

  /** A launch was not answered to for long: until the cloud answers, or a while has passed, others are to serve what they can. */
  doubt(): void {
    this.#silentUntilMs = this.tools.clock.monotonic() + SILENCE_MS;
    this.forgetQuota();
    this.events.learned();
  }

  /** Launches under way or in the queue, over all pools. */
  get activeLaunches(): number {
    return this.#launching + this.#launchQueue.length;
  }

  /** Whether another request may begin to launch nodes (launcher.md 5 step 10). */
  get hasLaunchSlot(): boolean {
    return this.config.maxConcurrency < 0 || this.activeLaunches < this.config.maxConcurrency;
  }

  /** Waits for its turn where `max-concurrency` bounds the launches under way. Returns how to end one's own. */
  async launchSlot(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.config.maxConcurrency >= 0 && this.#launching >= Math.max(1, this.config.maxConcurrency)) {
      await this.#queueForLaunch(signal);
    }
    this.#launching += 1;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#launching -= 1;
      this.#launchQueue.shift()?.();
      if (this.config.maxConcurrency >= 0) this.events.slotFree();
    };
  }

  /** Asks for what is not known or too old. */
  async pass(signal: AbortSignal): Promise<{ readonly againInMs: number }> {
    const failed: unknown[] = [];
    const ask = async (question: Promise<boolean>) => {
      try {
        return await question;
      } catch (error) {
        signal.throwIfAborted();
        failed.push(error);
        return false;
      }
    };
    const changed = await Promise.all([
      ...[...this.config.pools.values()].flatMap((pool) =>
        [...pool.labels.values()].map((label) => ask(this.#askNeed(pool, label, signal))),
      ),
      ...[...this.config.cloudImages.keys()].map((it) => ask(this.#askCloudImage(it, signal))),
      ask(this.#askZones(signal)),
      ask(this.#askQuota(signal)),
    ]);
    const wasUnanswered = this.#isUnanswered;
    this.#isUnanswered = failed.length > 0;
    const isHeardAgain = failed.length === 0 && this.isSilent;
    if (isHeardAgain) this.#silentUntilMs = -Infinity;
    if (changed.includes(true) || isHeardAgain || wasUnanswered !== this.#isUnanswered) this.events.learned();
    if (failed.length === 0) return { againInMs: QUOTA_AGE_MS };
    this.tools.log.warn('provider did not answer a question', {
      provider: this.config.name,
      questions: failed.length,
      err: failed[0],
    });
    return { againInMs: RETRY_MS };
  }

  /** Keeps the connection open while something uses it. Returns how to let go, which never throws. */
  hold(): () => Promise<void> {
    this.#users += 1;
    let held = true;
    return async () => {
      if (!held) return;
      held = false;
      this.#users -= 1;
      await this.#closeWhenUnused().catch((error: unknown) => {
        // What was done with the connection is done: it must not be taken for failed.
        this.tools.log.warn('provider was not closed properly', { provider: this.config.name, err: error });
      });
    };
  }

  /** The configuration has moved on: close as soon as nothing uses the connection any more. */
  async retire(): Promise<void> {
    this.#retired = true;
    await this.#closeWhenUnused();
  }

  /** Closes at once. */
  close(): Promise<void> {
    this.#closing ??= this.provider.close();
    return this.#closing;
  }

  /** What was learned under the configuration before, as far as it is the same: pools need not wait for the cloud again. */
  #inherit(before: ProviderRuntime): void {
    this.#available = before.#available;
    this.#availableAtMs = before.#availableAtMs;
    this.#zones = before.#zones;
    for (const [image, ready] of before.#cloudImages) this.#cloudImages.set(image, ready);
    for (const pool of this.config.pools.values()) {
      const known = before.config.pools.get(pool.name);
      for (const label of pool.labels.values()) {
        const key = labelKey(pool.name, label.name);
        const need = before.#needs.get(key);
        if (need !== undefined && sameValue(known?.labels.get(label.name), label)) this.#needs.set(key, need);
      }
    }
  }

  #queueForLaunch(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#launchQueue.splice(this.#launchQueue.indexOf(turn), 1);
        reject(signal.reason as Error);
      };
      this.#launchQueue.push(turn);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  async #closeWhenUnused(): Promise<void> {
    if (this.#retired && this.#users === 0) await this.close();
  }

  async #askNeed(pool: PoolConfig, label: PoolLabelConfig, signal: AbortSignal): Promise<boolean> {
    const key = labelKey(pool.name, label.name);
    if (this.#needs.has(key) || this.broken.has(key)) return false;
    try {
      this.#needs.set(key, await this.provider.need(label, signal));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.broken.add(key);
      logTrouble(this.tools.log, 'error', 'label is refused by its provider', error, {
        provider: this.config.name,
        pool: pool.name,
        label: label.name,
      });
    }
    return true;
  }

  async #askCloudImage(image: string, signal: AbortSignal): Promise<boolean> {
    const images = this.provider.images;
    if (images === undefined) return false;
    const ready = await images.cloudImageReady(image, signal);
    if (this.#cloudImages.get(image) === ready) return false;
    this.#cloudImages.set(image, ready);
    return true;
  }

  async #askZones(signal: AbortSignal): Promise<boolean> {
    if (this.#zones !== undefined) return false;
    this.#zones = await this.provider.zones(signal);
    return true;
  }

  async #askQuota(signal: AbortSignal): Promise<boolean> {
    const now = this.tools.clock.monotonic();
    if (now - this.#availableAtMs < QUOTA_AGE_MS) return false;
    const [{ limits }, instances] = await Promise.all([this.provider.quota(signal), this.provider.list(signal)]);
    const foreign = total(instances.filter((it) => !this.#isManaged(it)).map((it) => it.resources));
    const before = this.#available;
    this.#available = limited(limits, minus(limits, foreign));
    this.#availableAtMs = now;
    return JSON.stringify(before) !== JSON.stringify(this.#available);
  }

  /** Ours and known by its node: counted through the node. Leaked ones of ours count as used by others. */
  #isManaged(instance: Instance): boolean {
    const node = instance.metadata[NODE_ID_KEY];
    return isOwn(instance, this.owner) && node !== undefined && this.events.nodeExists(node);
  }
}

export function labelKey(pool: string, label: string): string {
  return `${pool}\0${label}`;
}

/** Only what has a limit. */
function limited(limits: Resources, rest: Resources): Resources {
  return Object.fromEntries(Object.keys(limits).map((key) => [key, rest[key]!]));
}
