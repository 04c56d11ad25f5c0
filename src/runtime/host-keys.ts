import { lookup } from 'node:dns/promises';
import type { Clock } from './clock';
import { type Dial, type Handshake, dialTcp, sshHandshake } from './host-keys-handshake';
import type { Logger } from './log';
import { silentLogger } from './log';
import { withTimeLimit } from './time-limit';

/**
 * The scan that decides whether a node can be reached and which SSH host keys it has (drivers.md 3.1):
 *
 *     connecting -> first handshake -> [one connection for each kind of key] -> done
 *        ^   | refused, unreachable, 10 s without an answer, not SSH
 *        +---+ about a second later
 *
 * One connection at a time, always: freshly booted servers and the user-mode network of QEMU stall or refuse several at
 * once. How many scans run side by side is the caller's business; each costs one socket.
 */
export interface ScanTarget {
  readonly host: string;
  readonly port: number;
  /** `ssh`: full scan; `tcp`: done as soon as the port accepts a connection, no keys (`winrm` and others). */
  readonly kind: 'ssh' | 'tcp';
  /** Limit of the whole scan. */
  readonly timeoutMs: number;
}

export interface ScanTools {
  readonly clock: Clock;
  readonly log?: Logger;
  /** System resolver unless given; the first address is used, whichever family. */
  readonly resolve?: (host: string) => Promise<string>;
  readonly dial?: Dial;
  readonly handshake?: Handshake;
}

/** The whole scan took longer than `timeoutMs`; the `cause` is what the last connection ended with. */
export class HostKeyScanTimeoutError extends Error {
  constructor(
    readonly target: ScanTarget,
    options?: ErrorOptions,
  ) {
    super('host key scan timed out', options);
    this.name = 'HostKeyScanTimeoutError';
  }
}

/** The name of the host has no address: waiting will not help. */
export class HostUnresolvedError extends Error {
  constructor(
    readonly host: string,
    options?: ErrorOptions,
  ) {
    super('host name cannot be resolved', options);
    this.name = 'HostUnresolvedError';
  }
}

/**
 * In the order of drivers.md 3.1. Keys of one `family` are one key: RSA is stored under `ssh-rsa` whatever signature was
 * negotiated, so once it is known the other two need no connection. The Python scanner asks three times and stores the
 * same line up to three times; a known_hosts file with the line once says the same, and every reader treats the list as a set.
 */
const ALGORITHMS: readonly { readonly name: string; readonly family: string }[] = [
  { name: 'ssh-ed25519', family: 'ed25519' },
  { name: 'ecdsa-sha2-nistp256', family: 'nistp256' },
  { name: 'ecdsa-sha2-nistp384', family: 'nistp384' },
  { name: 'ecdsa-sha2-nistp521', family: 'nistp521' },
  { name: 'rsa-sha2-512', family: 'rsa' },
  { name: 'rsa-sha2-256', family: 'rsa' },
  { name: 'ssh-rsa', family: 'rsa' },
  { name: 'ssh-dss', family: 'dss' },
];

const CONNECTION_TIMEOUT_MS = 10_000;
const BETWEEN_ROUNDS_MS = 1_000;

/** Connection types whose hosts are asked for SSH keys; of any other type only the port is tried (drivers.md 3.1). */
export function scanKind(connectionType: string): ScanTarget['kind'] {
  return connectionType === 'ssh' || connectionType === 'network_cli' ? 'ssh' : 'tcp';
}

/**
 * Waits until the host answers and returns its keys as `<key name> <base64>`, which may be none. Rejects with
 * `HostKeyScanTimeoutError`, `HostUnresolvedError`, or the signal's reason; no socket is left in any case.
 */
export async function scanHostKeys(
  target: ScanTarget,
  tools: ScanTools,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let last: unknown;
  const late = () => new HostKeyScanTimeoutError(target, { cause: last });
  return withTimeLimit({ ms: target.timeoutMs, clock: tools.clock, late }, signal, (limited) =>
    new Scan(target, tools, limited, (error) => (last = error)).run(),
  );
}

class Scan {
  constructor(
    private readonly target: ScanTarget,
    private readonly tools: ScanTools,
    private readonly signal: AbortSignal,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  async run(): Promise<readonly string[]> {
    const address = await this.#resolve();
    await this.#untilAnswers(address);
    return this.target.kind === 'tcp' ? [] : this.#keys(address);
  }

  async #resolve(): Promise<string> {
    const resolve = this.tools.resolve ?? (async (host) => (await lookup(host)).address);
    const { host } = this.target;
    const address = resolve(host).catch((error: unknown) => {
      throw new HostUnresolvedError(host, { cause: error });
    });
    return untilAborted(address, this.signal); // the resolver itself cannot be interrupted
  }

  async #untilAnswers(address: string): Promise<void> {
    for (;;) {
      const answered = await this.#attempt(async (signal) => {
        if (this.target.kind === 'ssh') await this.#handshake(address, undefined, signal);
        else (await this.#dial(address, signal)).destroy();
      });
      if (answered !== undefined) return;
      await this.tools.clock.sleep(BETWEEN_ROUNDS_MS, this.signal);
    }
  }

  /** No repetition per kind of key: a kind that the host lacks and a connection that it refuses both only lose that key. */
  async #keys(address: string): Promise<readonly string[]> {
    const found = new Map<string, string>();
    for (const { name, family } of ALGORITHMS) {
      if (found.has(family)) continue;
      const answer = await this.#attempt((signal) => this.#handshake(address, name, signal));
      if (answer !== undefined) found.set(family, answer.value);
    }
    return [...found.values()];
  }

  /** Undefined if it failed or took too long; rejects only when the scan as a whole is over. */
  async #attempt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<{ readonly value: T } | undefined> {
    const limit = {
      ms: CONNECTION_TIMEOUT_MS,
      clock: this.tools.clock,
      late: () => new Error('no answer within 10 s'),
    };
    try {
      return { value: await withTimeLimit(limit, this.signal, work) };
    } catch (error) {
      this.signal.throwIfAborted();
      this.onFailure(error);
      (this.tools.log ?? silentLogger).debug('host key connection failed', {
        host: this.target.host,
        port: this.target.port,
        reason: error instanceof Error ? error.message : String(error),
      });
      return undefined;
    }
  }

  #dial(address: string, signal: AbortSignal) {
    return (this.tools.dial ?? dialTcp)({ host: address, port: this.target.port }, signal);
  }

  #handshake(address: string, algorithm: string | undefined, signal: AbortSignal): Promise<string> {
    return (this.tools.handshake ?? sshHandshake)(() => this.#dial(address, signal), algorithm, signal);
  }
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
