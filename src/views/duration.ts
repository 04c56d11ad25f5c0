const DURATION = /^(\d+(?:\.\d+)?)\s*(s|m|h|d|w)?$/;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** Seconds of `90`, `90s`, `15m`, `2h`, `1d` or `1w`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit = 's'] = DURATION.exec(text.trim()) ?? [];
  return amount === undefined ? undefined : Number(amount) * SECONDS[unit as keyof typeof SECONDS];
}
