const STAR = 0x2a;
/** Shorter values occur everywhere. */
const SHORTEST = 4;

/** Values that are masked in logs. Those of several lines are masked line by line, since a log is read so. */
export class Secrets {
  readonly #values: readonly Buffer[];
  /** Bytes of the longest. */
  readonly longest: number;

  constructor(values: Iterable<string>) {
    const lines = [...values].flatMap((it) => it.split(/\r?\n/)).filter((it) => it.length >= SHORTEST);
    this.#values = [...new Set(lines)].map((it) => Buffer.from(it)).sort((one, other) => other.length - one.length);
    this.longest = this.#values[0]?.length ?? 0;
  }

  /** Overwrites every secret in `bytes` with as many stars, so that offsets stay; also one whose rest is beyond the end. */
  mask(bytes: Buffer): void {
    for (const value of this.#values) {
      for (let at = bytes.indexOf(value); at !== -1; at = bytes.indexOf(value, at + value.length)) {
        bytes.fill(STAR, at, at + value.length);
      }
      maskBegun(bytes, value);
    }
  }
}

function maskBegun(bytes: Buffer, value: Buffer): void {
  for (let length = Math.min(value.length - 1, bytes.length); length >= SHORTEST; length -= 1) {
    if (!bytes.subarray(bytes.length - length).equals(value.subarray(0, length))) continue;
    bytes.fill(STAR, bytes.length - length);
    return;
  }
}

const SECRET_NAME = /pass|secret|token|credential|auth|key|cookie/i;
/** As long as this, of letters and digits mixed, without what words, paths and versions have: a token. */
const TOKEN = /^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_-]{20,}$/;

/** The values among environment variables that look like secrets: by their names, by their looks, or inside an address. */
export function secretValues(variables: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(variables).flatMap(([name, value]) => {
    if (SECRET_NAME.test(name) || TOKEN.test(value)) return [value];
    return [...value.matchAll(/:\/\/[^/\s:@]*:([^/\s@]+)@/g)].map((it) => it[1]!);
  });
}
