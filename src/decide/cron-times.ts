import type { CronSchedule } from '../config/cron';

const MINUTE = 60;
/** Offsets of all time zones are multiples of it, so it begins at the same time everywhere. */
const QUARTER = 15;
const DAY = 24 * 60;
/** Every date comes back within this; one that does not is no date: 30 February. */
const HORIZON_SECONDS = 9 * 366 * DAY * MINUTE;

/**
 * The first time after `afterSeconds` at which the schedule is due: UNIX seconds, undefined if never. A time that the clock
 * on the wall leaves out in spring is not due that day; one that it shows twice in autumn is due the first time.
 */
export function nextDue(schedule: CronSchedule, afterSeconds: number, machineZone: string): number | undefined {
  return search(schedule, (Math.floor(afterSeconds / MINUTE) + 1) * MINUTE, 1, machineZone);
}

/** The last time up to `nowSeconds`. */
export function lastDue(schedule: CronSchedule, nowSeconds: number, machineZone: string): number | undefined {
  return search(schedule, Math.floor(nowSeconds / MINUTE) * MINUTE, -1, machineZone);
}

function search(schedule: CronSchedule, from: number, direction: 1 | -1, machineZone: string): number | undefined {
  const wallAt = wallClock(schedule.timeZone ?? machineZone);
  for (let at = from; Math.abs(at - from) <= HORIZON_SECONDS;) {
    const wall = wallAt(at);
    const skip = minutesToSkip(schedule, wall, direction);
    if (skip === 0 && !isShownAgain(schedule, wall, wallAt(at - 60 * MINUTE))) return at;
    at += direction * Math.max(skip, 1) * MINUTE;
  }
  return undefined;
}

interface WallTime {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

/** How far to go, for certain without passing a time that is due; 0: it is due now. */
function minutesToSkip(schedule: CronSchedule, wall: WallTime, direction: 1 | -1): number {
  const toEdge = direction === 1 ? QUARTER - (wall.minute % QUARTER) : (wall.minute % QUARTER) + 1;
  if (!isDay(schedule, wall)) {
    const passed = wall.hour * 60 + wall.minute;
    const left = direction === 1 ? DAY - passed : passed + 1;
    // Days are up to two hours shorter or longer where clocks are changed: the rest of the way in small steps.
    return left > 180 ? left - 180 + ((toEdge - (left - 180)) % QUARTER) : toEdge;
  }
  if (!schedule.hours.has(wall.hour)) return toEdge;
  return schedule.minutes.has(wall.minute) ? 0 : 1;
}

function isDay(schedule: CronSchedule, { month, day, weekday }: WallTime): boolean {
  if (!schedule.months.has(month)) return false;
  const [byDay, byWeekday] = [schedule.days.has(day), schedule.weekdays.has(weekday)];
  return schedule.isEitherDay ? byDay || byWeekday : byDay && byWeekday;
}

/** An hour ago the clock showed the same. A schedule of every hour does not mind. */
function isShownAgain({ hours }: CronSchedule, now: WallTime, hourAgo: WallTime): boolean {
  return hours.size < 24 && now.hour === hourAgo.hour && now.minute === hourAgo.minute;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function wallClock(timeZone: string): (seconds: number) => WallTime {
  const format = formats.get(timeZone) ?? makeFormat(timeZone);
  formats.set(timeZone, format);
  return (seconds) => {
    // "6/30/2026, 14:05"
    const [month, day, year, hour, minute] = format
      .format(seconds * 1000)
      .match(/\d+/g)!
      .map(Number) as number[];
    const weekday = new Date(Date.UTC(year!, month! - 1, day!)).getUTCDay();
    return { month: month!, day: day!, weekday, hour: hour!, minute: minute! };
  };
}

function makeFormat(timeZone: string): Intl.DateTimeFormat {
  const [year, month, day] = ['numeric', 'numeric', 'numeric'] as const;
  return new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year,
    month,
    day,
    hour: '2-digit',
    minute: '2-digit',
  });
}
