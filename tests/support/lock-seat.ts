import { systemClock } from '../../src/runtime/clock';
import { pick, type Random } from '../../src/runtime/random';
import type { LockerOptions } from './child-locker';
import { Locker } from './lockers';
import { TcpProxy } from './tcp-proxy';

/** A place in the contention: a link of its own, and the process that sits there at the moment. */
export class Seat {
  readonly files: string[] = [];
  #respawns = 0;
  locker: Locker;

  private constructor(
    private readonly at: number,
    private readonly options: LockerOptions,
    private readonly random: Random,
    private readonly proxy: TcpProxy,
  ) {
    this.locker = this.#spawn();
  }

  static async open(
    at: number,
    options: LockerOptions,
    random: Random,
    server: { readonly host: string; readonly port: number },
  ): Promise<Seat> {
    return new Seat(at, options, random, await TcpProxy.open(server));
  }

  /** Something that ends by itself after a while, or is over at once. */
  async trouble(): Promise<void> {
    const { random } = this;
    const dice = random.next();
    const ms = random.next() * 2 * this.options.sessionTimeoutMs;
    if (this.#inTrouble) return;
    if (dice < 0.35)
      this.#during(
        ms,
        () => this.locker.freeze(),
        () => this.locker.thaw(),
      );
    else if (dice < 0.5) await this.#replace();
    else if (dice < 0.75) this.proxy.cut();
    else
      this.#during(
        ms,
        () => this.proxy.silence(true),
        () => this.proxy.silence(false),
      );
  }

  /** The worst moment: it holds, and will not hear of the end of its session for a while. */
  silenceHolder(): void {
    const ms = (1 + this.random.next()) * this.options.sessionTimeoutMs;
    if (this.#inTrouble) return;
    if (this.random.next() < 0.7)
      this.#during(
        ms,
        () => this.locker.freeze(),
        () => this.locker.thaw(),
      );
    else
      this.#during(
        ms,
        () => this.proxy.silence(true),
        () => this.proxy.silence(false),
      );
  }

  async close(): Promise<void> {
    await Promise.all(this.#ending);
    await this.locker.stop();
    await this.proxy.close();
  }

  readonly #ending = new Set<Promise<void>>();
  #inTrouble = false;

  #during(ms: number, begin: () => void, end: () => void): void {
    this.#inTrouble = true;
    begin();
    const over = () => {
      this.#inTrouble = false;
      end();
    };
    this.#ending.add(systemClock.sleep(ms).then(over));
  }

  async #replace(): Promise<void> {
    await this.locker.kill();
    this.locker = this.#spawn();
  }

  #spawn(): Locker {
    this.#respawns += 1;
    const name = `${this.options.beliefs}-${this.at}-${this.#respawns}`;
    this.files.push(name);
    const seed = Math.floor(this.random.next() * 2 ** 31);
    const locker = Locker.start('ours', { ...this.options, hosts: this.proxy.hosts, beliefs: name, seed });
    locker.onHeld = () => {
      if (this.random.next() < 0.5) this.silenceHolder();
    };
    return locker;
  }
}

/** Troubles one seat after another for so long. */
export async function makeTrouble(seats: readonly Seat[], random: Random, ms: number): Promise<void> {
  const end = systemClock.monotonic() + ms;
  while (systemClock.monotonic() < end) {
    await pick(random, seats).trouble();
    await systemClock.sleep(random.next() * 250);
  }
}
