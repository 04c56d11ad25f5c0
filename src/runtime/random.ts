import { randomFillSync } from 'node:crypto';

/** Randomness comes in through the door, like time, so that a seed replays a failure. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** `bytes` random bytes as lowercase hex: 16 bytes make the ids of builds and lock contenders. */
  hex(bytes: number): string;
}

/** Cryptographic randomness of the machine. */
export const systemRandom: Random = {
  next: () => randomFillSync(new Uint32Array(1))[0]! / 2 ** 32,
  hex: (bytes) => randomFillSync(Buffer.alloc(bytes)).toString('hex'),
};

/** The same sequence for the same seed (mulberry32). For tests and simulations; not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (bytes: number) =>
    Array.from({ length: bytes }, () =>
      Math.floor(next() * 256)
        .toString(16)
        .padStart(2, '0'),
    ).join('');
  return { next, hex };
}

/** One of `items`; the list must not be empty. */
export function pick<T>(random: Random, items: readonly T[]): T {
  if (items.length === 0) throw new RangeError('cannot pick from an empty list');
  return items[Math.floor(random.next() * items.length)]!;
}

/** A version 4 UUID with hyphens, as in `builder_id.txt`. */
export function uuid4(random: Random): string {
  const hex = random.hex(16).split('');
  hex[12] = '4';
  hex[16] = ((parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  const text = hex.join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
