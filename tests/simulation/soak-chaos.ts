import { systemClock } from '../../src/runtime/clock';
import { pick } from '../../src/runtime/random';
import type { Seat, SoakWorld } from './soak-world';

/** The launcher whose memory is watched: it is frozen and cut off, but never killed. */
export const SURVIVOR = 0;

/** Kills, freezes and cuts off launchers, one after the other, until told to stop; all run again when it returns. */
export async function harass(world: SoakWorld, stop: AbortSignal): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  while (!stop.aborted) {
    const seat = pick(world.random, world.seats);
    const what = pick(world.random, seat.number === SURVIVOR ? MILD : ([...MILD, 'kill', 'drain'] as const));
    counts[what] = (counts[what] ?? 0) + 1;
    world.evidence.attack(seat, `${what} begins`);
    await ATTACKS[what](world, seat);
    world.evidence.attack(seat, `${what} has ended`);
    await pause(500 + world.random.next() * 3500, stop);
  }
  return counts;
}

const MILD = ['freeze', 'cut', 'silence', 'deaf'] as const;

const ATTACKS = {
  kill: async (_world: SoakWorld, seat: Seat) => {
    await seat.process.kill();
    await seat.restart();
  },
  drain: async (_world: SoakWorld, seat: Seat) => {
    await seat.process.kill('SIGTERM');
    await seat.restart();
  },
  freeze: async ({ random }: SoakWorld, { process }: Seat) => {
    process.freeze();
    await systemClock.sleep(100 + random.next() * 4500);
    process.thaw();
  },
  cut: async ({ random }: SoakWorld, { proxy }: Seat) => {
    proxy.cut(true);
    await systemClock.sleep(random.next() * 3500);
    proxy.mend();
  },
  silence: async ({ random }: SoakWorld, { proxy }: Seat) => {
    proxy.silence(true);
    await systemClock.sleep(100 + random.next() * 3500);
    proxy.silence(false);
  },
  deaf: async ({ random }: SoakWorld, { proxy }: Seat) => {
    proxy.deaf(true);
    await systemClock.sleep(100 + random.next() * 1500);
    proxy.deaf(false);
  },
};

export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await systemClock.sleep(ms, stop).catch((error: unknown) => {
    if (!stop.aborted) throw error;
  });
}
