import { setMaxListeners } from 'node:events';
import type { Provider, StandingMachines } from '../drivers/driver';
import { Leadership } from './leadership';
import { type Loop, startLoop } from './loop';
import { StandingWorker } from './standing-worker';
import type { LauncherTools } from './tools';
import type { World } from './world';

/** Many events in a row cost one pass per this many milliseconds. */
const REST_MS = 10;

/**
 * The machines of one provider at work, for as long as the launcher serves the provider: worker, loop, and the election
 * of the launcher that registers (`/nodepool/elections/standing-<provider>`, which Python launchers do not look at).
 */
export class StandingUnit {
  readonly #stopped = new AbortController();
  readonly #leadership: Leadership;
  readonly #worker: StandingWorker;
  readonly #loop: Loop;
  #ending: Promise<void> | undefined;

  /** `provider` is asked anew each time: it is replaced when the configuration changes. */
  constructor(name: string, provider: () => Provider, tools: LauncherTools, world: World) {
    const nudge = () => this.#loop?.nudge();
    setMaxListeners(0, this.#stopped.signal); // every machine that is being looked at
    this.#leadership = new Leadership(`standing-${name}`, tools, nudge);
    this.#worker = new StandingWorker(tools, world, {
      provider: name,
      standing: () => provider().standing,
      term: () => this.#leadership.term,
      stopped: this.#stopped.signal,
      nudge,
    });
    this.#loop = startLoop(this.#worker, tools, { restMs: REST_MS });
  }

  get stock(): MachineStock {
    return this.#worker;
  }

  nudge(): void {
    this.#loop.nudge();
  }

  /** Registers nothing more, and lets another launcher do so. */
  stop(): Promise<void> {
    this.#ending ??= this.#stop();
    return this.#ending;
  }

  async #stop(): Promise<void> {
    this.#stopped.abort(new Error('provider has ended'));
    await this.#loop.stop();
    await this.#worker.end();
    await this.#leadership.resign();
  }
}

/** What a pool asks of machines before it hands them out. */
export type MachineStock = Pick<StandingWorker, 'offers' | 'reach'>;

/** Whether nodes of the provider are there already. */
export function isStanding(provider: Provider): provider is Provider & { readonly standing: StandingMachines } {
  return provider.standing !== undefined;
}
