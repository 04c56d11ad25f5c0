import type { Random } from '../../src/runtime/random';
import { configText, Fleet, type Peer, providerText } from '../integration/launcher/fleet';
import { LauncherProcess } from '../integration/launcher/launcher-process';
import { TcpProxy } from '../support/tcp-proxy';
import { Evidence } from './soak-evidence';

/** Limits of the providers, by name. */
export const LIMITS: Readonly<Record<string, number>> = { 'fake-east': 6, 'fake-west': 4 };
export const MIN_READY = 2;
const LAUNCHERS = 3;
/** Of processes that have ended, for each seat. */
const KEEP_OUTPUTS = 5;

const FAULTS = [
  { operation: 'create-server', effect: 'boot-error', probability: 0.05 },
  { operation: 'create-server', effect: 'lost-reply', probability: 0.08 },
  { operation: 'create-server', effect: 'lost-request', probability: 0.04 },
  { operation: 'create-server', effect: 'error', status: 403, message: 'Quota exceeded for cores', probability: 0.04 },
  { operation: 'create-server', effect: 'boot-hang', probability: 0.01 },
  { operation: 'delete-server', effect: 'error', probability: 0.08 },
  { operation: 'delete-server', effect: 'lost-reply', probability: 0.05 },
  { operation: '*', effect: 'throttle', probability: 0.02, 'retry-after': 0.1 },
  { operation: '*', effect: 'error', status: 503, probability: 0.02 },
];

const CONFIG = [
  configText({
    labels: ['small', 'big'],
    minReady: { small: MIN_READY },
    maxServers: LIMITS['fake-east']!,
    providerExtra: '    launch-timeout: 10',
  }),
  providerText({
    provider: 'fake-west',
    labels: ['small'],
    maxServers: LIMITS['fake-west']!,
    priority: 50,
    providerExtra: '    launch-timeout: 10',
  }),
  '',
].join('');

/** A launcher process behind a link of its own, started anew when it has ended. */
export class Seat {
  readonly #before: string[] = [];

  private constructor(
    private readonly fleet: Fleet,
    readonly number: number,
    readonly proxy: TcpProxy,
    public process: LauncherProcess,
  ) {}

  static async open(fleet: Fleet, number: number): Promise<Seat> {
    const [host, port] = fleet.server.hosts.split(':');
    const proxy = await TcpProxy.open({ host: host!, port: Number(port) });
    return new Seat(fleet, number, proxy, await startLauncher(fleet, number, proxy));
  }

  /** What its latest processes have printed. */
  get printed(): string {
    return [...this.#before, this.process.output].join('');
  }

  async restart(): Promise<void> {
    this.#before.push(this.process.output);
    if (this.#before.length > KEEP_OUTPUTS) this.#before.shift();
    this.process = await startLauncher(this.fleet, this.number, this.proxy);
  }
}

/** What the random work runs on. */
export interface SoakWorld {
  readonly fleet: Fleet;
  /** Looks on, and is a scheduler. */
  readonly peer: Peer;
  readonly seats: readonly Seat[];
  readonly random: Random;
  readonly evidence: Evidence;
  readonly say: (text: string) => void;
}

export async function openSoakWorld(random: Random, say: (text: string) => void): Promise<SoakWorld> {
  const fleet = await Fleet.start();
  for (const provider of Object.keys(LIMITS)) {
    fleet.cloud.cloud.adjust(provider, {
      'boot-time': { exponential: 0.15, max: 2 },
      'delete-time': { exponential: 0.1, max: 1 },
      latency: { '*': { exponential: 0.01, max: 0.5 } },
    });
    for (const it of FAULTS) fleet.cloud.cloud.injectFault(provider, it);
  }
  const peer = await fleet.peer();
  const seats = await Promise.all(Array.from({ length: LAUNCHERS }, (_, number) => Seat.open(fleet, number)));
  return { fleet, peer, seats, random, evidence: new Evidence({ fleet, peer, seats }), say };
}

function startLauncher(fleet: Fleet, number: number, proxy: TcpProxy): Promise<LauncherProcess> {
  return LauncherProcess.start(fleet, `soak-${number}`, CONFIG, proxy.hosts);
}

/** From now on the cloud does as it is told. Options are kept, injected faults go with the plan. */
export function healCloud({ fleet }: SoakWorld): void {
  for (const provider of Object.keys(LIMITS)) fleet.cloud.cloud.adjust(provider, { 'boot-time': 0.05, latency: {} });
}

export async function closeSoakWorld({ fleet, seats, evidence }: SoakWorld): Promise<void> {
  evidence.close();
  await Promise.all(seats.map((it) => it.process.kill()));
  await Promise.all(seats.map((it) => it.proxy.close()));
  await fleet.stop();
}
