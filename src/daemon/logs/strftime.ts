const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const two = (value: number) => String(value).padStart(2, '0');

/** Parts of a time, local or UTC, each computed when asked for. */
const FIELDS: Readonly<Record<string, (at: Date) => string>> = {
  Y: (at) => String(at.getFullYear()),
  y: (at) => two(at.getFullYear() % 100),
  m: (at) => two(at.getMonth() + 1),
  d: (at) => two(at.getDate()),
  e: (at) => String(at.getDate()).padStart(2),
  H: (at) => two(at.getHours()),
  I: (at) => two(at.getHours() % 12 || 12),
  M: (at) => two(at.getMinutes()),
  S: (at) => two(at.getSeconds()),
  p: (at) => (at.getHours() < 12 ? 'AM' : 'PM'),
  a: (at) => DAYS[at.getDay()]!.slice(0, 3),
  A: (at) => DAYS[at.getDay()]!,
  b: (at) => MONTHS[at.getMonth()]!.slice(0, 3),
  h: (at) => MONTHS[at.getMonth()]!.slice(0, 3),
  B: (at) => MONTHS[at.getMonth()]!,
  j: (at) => String(dayOfYear(at)).padStart(3, '0'),
  u: (at) => String(at.getDay() || 7),
  w: (at) => String(at.getDay()),
  s: (at) => String(Math.floor(at.getTime() / 1000)),
  z: (at) => offset(at),
  Z: (at) => zoneName(at),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
};

const COMPOUND: Readonly<Record<string, string>> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  R: '%H:%M',
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
  c: '%a %b %e %H:%M:%S %Y',
  r: '%I:%M:%S %p',
};

/** As C's strftime in the C locale, local time; directives that it does not know stay as they are. */
export function strftime(format: string, at: Date): string {
  return format.replace(/%(.)/g, (all, key: string) => {
    const compound = COMPOUND[key];
    return compound === undefined ? (FIELDS[key]?.(at) ?? all) : strftime(compound, at);
  });
}

/** The same with the parts of the time in UTC. */
export function strftimeUtc(format: string, at: Date): string {
  return strftime(format, new Date(at.getTime() + at.getTimezoneOffset() * 60_000));
}

function dayOfYear(at: Date): number {
  const day = Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
  return Math.round((day - Date.UTC(at.getFullYear(), 0, 0)) / 86_400_000);
}

function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function zoneName(at: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(at);
  return parts.find((it) => it.type === 'timeZoneName')?.value ?? '';
}
