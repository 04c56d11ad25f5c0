/** When something is due: minutes of days, by the clock on the wall of one place. */
export interface CronSchedule {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  /** 1 to 12. */
  readonly months: ReadonlySet<number>;
  /** 0 = Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Both day fields are restricted: then either is enough, as in every cron. */
  readonly isEitherDay: boolean;
  /** IANA name; undefined: that of the machine. */
  readonly timeZone: string | undefined;
}

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * Reads five fields (minute, hour, day, month, weekday; lists, ranges, steps, English names) or `@daily` and the like,
 * optionally after `TZ=Area/City`. Throws an Error that says what is wrong.
 */
export function parseCron(text: string): CronSchedule {
  const [, zone, rest] = /^\s*(?:(?:CRON_)?TZ=(\S+)\s+)?(.*?)\s*$/s.exec(text)!;
  if (zone !== undefined && !isTimeZone(zone)) throw new Error(`unknown time zone ${zone}`);
  const fields = (NICKNAMES[rest!] ?? rest!).split(/\s+/);
  if (fields.length !== 5) throw new Error('five fields or one of ' + Object.keys(NICKNAMES).join(', ') + ' expected');
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  return {
    minutes: parseField(minute, 0, 59),
    hours: parseField(hour, 0, 23),
    days: parseField(day, 1, 31),
    months: parseField(month, 1, 12, MONTHS),
    weekdays: new Set([...parseField(weekday, 0, 7, WEEKDAYS)].map((it) => it % 7)),
    isEitherDay: !day.startsWith('*') && !weekday.startsWith('*'),
    timeZone: zone,
  };
}

export function isCron(text: string): boolean {
  try {
    parseCron(text);
    return true;
  } catch {
    return false;
  }
}

function parseField(text: string, low: number, high: number, names: readonly string[] = []): ReadonlySet<number> {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) throw new Error(`cannot read ${part}`);
    const [, first, last, step] = match;
    const from = first === undefined ? low : numberOf(first, names, low);
    const to =
      last === undefined ? (first === undefined || step !== undefined ? high : from) : numberOf(last, names, low);
    const by = step === undefined ? 1 : Number(step);
    if (!(from >= low && to <= high && from <= to) || by === 0) throw new Error(`${part} is not in ${low}-${high}`);
    for (let it = from; it <= to; it += by) found.add(it);
  }
  return found;
}

function numberOf(text: string, names: readonly string[], low: number): number {
  const place = names.indexOf(text.toLowerCase());
  if (place >= 0) return place + (low === 1 ? 1 : 0);
  return /^\d+$/.test(text) ? Number(text) : NaN;
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
