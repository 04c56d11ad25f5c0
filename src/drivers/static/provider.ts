import type { MachineFacts, StandingMachine } from '../../config/standing-machine';
import type { ProviderConfig } from '../../config/types';
import { linkSignals } from '../../runtime/link-signals';
import type { DriverTools, ExternalId, Instance, LaunchSpec, Provider, Quota, StandingMachines } from '../driver';
import { NotFoundError, RefusedError } from '../errors';
import { checkMachine, type MachineProbe, networkProbe, reachMachine } from './check-machine';
import { machinesOf } from './machines';

/**
 * Machines that somebody else runs: nothing is launched, nothing destroyed, there is no account that could list them. What
 * there is to do is `standing`.
 */
export class StaticProvider implements Provider {
  readonly name: string;
  readonly standing: StandingMachines;
  readonly #closed = new AbortController();
  readonly #probe: MachineProbe;

  constructor(
    config: ProviderConfig,
    private readonly tools: DriverTools,
    probe?: MachineProbe,
  ) {
    this.name = config.name;
    this.#probe = probe ?? networkProbe(tools);
    const { machines, repeated } = machinesOf(config);
    for (const { name, username, connectionPort, pool } of repeated) {
      tools.log.error('machine is configured twice, the first entry counts', { name, username, connectionPort, pool });
    }
    this.standing = {
      machines,
      repeated,
      check: (machine, signal) => this.#check(machine, signal),
      reach: (machine, signal) => this.#call(signal, (it) => reachMachine(machine, this.name, this.#probe, it)),
    };
  }

  launch(_spec: LaunchSpec, signal: AbortSignal): Promise<Instance> {
    return this.#call(signal, () => Promise.reject(new RefusedError(this.name, 'machines are not launched')));
  }

  settled(externalId: ExternalId, signal: AbortSignal): Promise<Instance> {
    return this.#call(signal, () => Promise.reject(this.#unknown(externalId)));
  }

  /** A machine stays when its node goes: there is nothing to wait for. */
  destroy(externalId: ExternalId, signal: AbortSignal): Promise<void> {
    return this.#call(signal, () => Promise.reject(this.#unknown(externalId)));
  }

  list(signal: AbortSignal): Promise<readonly Instance[]> {
    return this.#call(signal, () => Promise.resolve([]));
  }

  quota(signal: AbortSignal): Promise<Quota> {
    return this.#call(signal, () => Promise.resolve({ limits: {} }));
  }

  /** drivers.md 2; the nodes themselves carry no `resources`. */
  need(_label: unknown, signal: AbortSignal) {
    return this.#call(signal, () => Promise.resolve({ instances: 1, cores: 0, ram: 0 }));
  }

  zones(signal: AbortSignal): Promise<readonly string[]> {
    return this.#call(signal, () => Promise.resolve([]));
  }

  close(): Promise<void> {
    this.#closed.abort(new Error('provider is closed'));
    return Promise.resolve();
  }

  #check(machine: StandingMachine, signal: AbortSignal): Promise<MachineFacts> {
    const { clock } = this.tools;
    return this.#call(signal, (it) => checkMachine(machine, { provider: this.name, probe: this.#probe, clock }, it));
  }

  #unknown(externalId: ExternalId): NotFoundError {
    return new NotFoundError(this.name, typeof externalId === 'string' ? externalId : JSON.stringify(externalId));
  }

  async #call<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const either = linkSignals(signal, this.#closed.signal);
    try {
      either.signal.throwIfAborted();
      return await work(either.signal);
    } finally {
      either.release();
    }
  }
}
