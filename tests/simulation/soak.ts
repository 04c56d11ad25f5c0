import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/runtime/clock';
import { seededRandom } from '../../src/runtime/random';
import { until } from '../integration/launcher/fleet';
import { harass, SURVIVOR } from './soak-chaos';
import { type Outcomes, work } from './soak-clients';
import { Invariants } from './soak-invariants';
import { closeSoakWorld, healCloud, LIMITS, MIN_READY, openSoakWorld, type SoakWorld } from './soak-world';

/*
 * Random work on a faulty cloud for three launcher processes that are killed, frozen and cut off all the time. What must hold
 * throughout is in `soak-invariants.ts`. At the end, with everything healed: every request final, the cloud's instances
 * those that nodes tell of, no contender in any lock, no watch but the few that programs live with, no growing memory.
 */

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly say: (text: string) => void;
}

export interface SoakReport {
  readonly seed: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly attacks: Readonly<Record<string, number>>;
  /** Empty when all was well. */
  readonly violations: readonly string[];
  /** Seconds from the end of the work until all was quiet. */
  readonly quietAfter: number;
  readonly watchesPerLauncher: readonly number[];
  /** Of the launcher that was never killed, MiB, at regular times. */
  readonly memory: readonly number[];
}

const CLIENTS = 8;
/** A leaked instance is deleted when it is seen in two runs, a minute apart. */
const QUIET_MS = 240_000;
const MAX_WATCHES = 20;
const MEMORY_SAMPLES = 12;
/** A young heap has room to take before it collects. */
const MAX_GROWTH_MB = 60;

export async function runSoak({ seconds, seed, say }: SoakOptions): Promise<SoakReport> {
  const world = await openSoakWorld(seededRandom(seed), say);
  const invariants = new Invariants(world);
  try {
    const outcomes: Outcomes = new Map();
    const stop = AbortSignal.timeout(seconds * 1000);
    const sampling = sampleMemory(world, seconds, say);
    const working = Promise.allSettled(Array.from({ length: CLIENTS }, () => work(world, invariants, outcomes, stop)));
    const attacks = await harass(world, stop);
    for (const it of await working) {
      if (it.status === 'rejected') invariants.violated(describe(it.reason));
    }
    const memory = await sampling;
    healCloud(world);
    const began = systemClock.monotonic();
    const left = await untilQuiet(world);
    const quietAfter = Math.round((systemClock.monotonic() - began) / 100) / 10;
    const watches = await watchesPerSession(world);
    const violations = [...invariants.violations, ...left, ...judgeEnd(watches, memory)];
    return {
      seed,
      outcomes: Object.fromEntries([...outcomes].sort()),
      attacks,
      violations,
      quietAfter,
      watchesPerLauncher: watches,
      memory,
    };
  } finally {
    invariants.close();
    await closeSoakWorld(world);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}

function judgeEnd(watches: readonly number[], memory: readonly number[]): string[] {
  const found: string[] = [];
  if (watches.some((it) => it > MAX_WATCHES)) found.push(`watches left on the server: ${watches.join()}`);
  const half = Math.floor(memory.length / 2);
  const growth = Math.max(...memory.slice(half)) - Math.max(...memory.slice(1, half));
  if (growth > MAX_GROWTH_MB) found.push(`memory grows: ${memory.join()} MiB`);
  return found;
}

/** Everything final and gone but the free nodes that `min-ready` wants. Returns what is still wrong when time is over. */
async function untilQuiet(world: SoakWorld): Promise<readonly string[]> {
  const { scheduler, store } = world.peer;
  for (const it of await scheduler.list()) {
    const outcome = await scheduler.await(it, AbortSignal.timeout(QUIET_MS)).catch(() => undefined);
    if (outcome === undefined)
      return [`request ${it.id} is not final: ${JSON.stringify(await store.requests.get(it.id))}`];
    await scheduler.cancel(it);
  }
  const views = [store.nodes.view(), store.requests.view()] as const;
  const limit = systemClock.monotonic() + QUIET_MS;
  while (loose(world).length > 0) {
    const left = limit - systemClock.monotonic();
    if (left <= 0) return loose(world);
    const isQuiet = () => loose(world).length === 0;
    // The cloud tells nobody when an instance goes: looked at again after a while.
    await Promise.race([...views.map((it) => until(it, isQuiet)), systemClock.sleep(Math.min(500, left))]);
  }
  return [];
}

function loose({ fleet, peer }: SoakWorld): string[] {
  const [nodes, requests] = [peer.store.nodes.view(), peer.store.requests.view()];
  const records = [...nodes.nodes.values()];
  const busy = records.filter((it) => it.record?.state !== 'ready' || it.record.allocatedTo !== null || it.locked);
  const contended = [...requests.locks].filter(([, it]) => it.contended).map(([id]) => id);
  const known = records.map((it) => String(it.record?.externalId)).sort();
  const there = Object.keys(LIMITS)
    .flatMap((it) => fleet.serverIds(it))
    .sort();
  return [
    ...busy.map((it) => `node ${it.id} is ${it.record?.state} for ${it.record?.allocatedTo}, locked: ${it.locked}`),
    ...[...requests.requests.keys()].map((it) => `request ${it} is there`),
    ...contended.map((it) => `lock of request ${it} is held`),
    ...there.filter((it) => !known.includes(it)).map((it) => `instance ${it} has no node`),
    ...known.filter((it) => !there.includes(it)).map((it) => `node of instance ${it} has none`),
    ...(records.length < MIN_READY ? [`${records.length} nodes instead of ${MIN_READY}`] : []),
  ];
}

/** Watches of each session, the largest first; those of the looker-on are among them. */
async function watchesPerSession({ fleet }: SoakWorld): Promise<readonly number[]> {
  const text = await fleet.server.members[0]!.ask('wchc');
  const counts: number[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('0x')) counts.push(0);
    else if (line.trim() !== '' && counts.length > 0) counts[counts.length - 1]! += 1;
  }
  return counts.sort((a, b) => b - a);
}

async function sampleMemory(world: SoakWorld, seconds: number, say: (text: string) => void) {
  const samples: number[] = [];
  for (let count = 0; count < MEMORY_SAMPLES; count += 1) {
    await systemClock.sleep((seconds * 1000) / MEMORY_SAMPLES);
    const status = readFileSync(`/proc/${world.seats[SURVIVOR]!.process.pid}/status`, 'utf8');
    samples.push(Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024));
    say(`${Math.round(((count + 1) * seconds) / MEMORY_SAMPLES)} s: ${samples.at(-1)} MiB`);
  }
  return samples;
}
