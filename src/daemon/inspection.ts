import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { activities } from '../runtime/activities';
import type { Clock, Timer } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { ZooKeeper } from '../zk/client';
import { dumpText, type ProcessFacts } from './dump';
import { type RunningProfile, startProfile } from './profile';

export interface InspectionParts {
  /** `nodepool-launcher`. */
  readonly name: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly zk: ZooKeeper;
  readonly configProblem: () => string | undefined;
  readonly profileDir: string | undefined;
  /** Of the logs, to put profiles beside. */
  readonly logFiles: readonly string[];
}

/** A profile that nobody ends ends itself. */
const LONGEST_PROFILE_MS = 5 * 60_000;
const PROBE_MS = 20;

/**
 * What SIGUSR2 asks for: the first writes what everything is doing, and begins a CPU profile; the second writes that again, and
 * the profile. The log's logger is that of the Python daemons' stack dumps.
 */
export class Inspection {
  readonly #log: Logger;
  #profile: RunningProfile | undefined;
  #limit: Timer | undefined;
  #used: { readonly cpu: NodeJS.CpuUsage; readonly atMs: number };
  /** One signal after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(private readonly parts: InspectionParts) {
    this.#log = parts.log.child({ logger: 'nodepool.stack_dump' });
    this.#used = { cpu: process.cpuUsage(), atMs: parts.clock.monotonic() };
  }

  onSignal(): void {
    this.#queue = this.#queue
      .then(() => this.#answer())
      .catch((error: unknown) => this.#log.error('what goes on cannot be told', { err: error }));
  }

  /** What this process is doing now. */
  async dump(): Promise<string> {
    return dumpText(await this.#facts(), activities.list());
  }

  /** Gives up a profile that runs. */
  async close(): Promise<void> {
    this.#limit?.cancel();
    await this.#queue;
    if (this.#profile !== undefined) await this.#endProfile(this.#profile);
  }

  async #answer(): Promise<void> {
    this.#log.info(await this.dump());
    if (this.#profile === undefined) await this.#beginProfile();
    else await this.#endProfile(this.#profile);
  }

  async #beginProfile(): Promise<void> {
    const { name, clock, profileDir, logFiles } = this.parts;
    const stamp = new Date(clock.wall()).toISOString().replace(/[-:]|\.\d+/g, '');
    const folders = profileDir === undefined ? [...logFiles.map((it) => dirname(it)), tmpdir()] : [profileDir];
    this.#profile = await startProfile(folders, `${name}-${process.pid}-${stamp}.cpuprofile`);
    this.#log.info('CPU profile is being taken; the next SIGUSR2 writes it', { at_most_s: LONGEST_PROFILE_MS / 1000 });
    this.#limit = clock.after(LONGEST_PROFILE_MS, () => this.onSignal());
  }

  async #endProfile(profile: RunningProfile): Promise<void> {
    this.#limit?.cancel();
    this.#profile = undefined;
    const file = await profile.stop();
    this.#log.info('CPU profile is written', { file });
  }

  async #facts(): Promise<ProcessFacts> {
    const { clock, name, version, zk, configProblem } = this.parts;
    const asked = clock.monotonic();
    await clock.sleep(PROBE_MS);
    const lateMs = Math.max(0, clock.monotonic() - asked - PROBE_MS);
    const { user, system } = process.cpuUsage(this.#used.cpu);
    const spanMs = Math.max(1, clock.monotonic() - this.#used.atMs);
    this.#used = { cpu: process.cpuUsage(), atMs: clock.monotonic() };
    const { session } = zk;
    return {
      title: `${name} ${version}, process ${process.pid}`,
      uptimeMs: process.uptime() * 1000,
      memory: process.memoryUsage(),
      cpu: (user + system) / 1000 / spanMs,
      lateMs,
      zookeeper: {
        state: zk.state,
        session: session === undefined ? undefined : `0x${session.id.toString(16)}`,
        pending: 'pending' in zk && typeof zk.pending === 'number' ? zk.pending : undefined,
      },
      configProblem: configProblem(),
      handles: process.getActiveResourcesInfo(),
    };
  }
}
