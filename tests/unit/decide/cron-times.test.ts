import { fc, runs } from '../../support/property';
import { parseCron } from '../../../src/config/cron';
import { lastDue, nextDue } from '../../../src/decide/cron-times';

const at = (text: string) => Date.parse(text) / 1000;
const iso = (seconds: number | undefined) => seconds && new Date(seconds * 1000).toISOString().replace(':00.000Z', 'Z');

test.each([
  ['@daily', 'UTC', '2026-11-21T00:00Z', '2026-11-22T00:00Z'],
  ['@daily', 'UTC', '2026-11-20T23:59:59Z', '2026-11-21T00:00Z'],
  ['@hourly', 'Asia/Kolkata', '2026-11-21T00:00Z', '2026-11-21T00:30Z'],
  ['14 2 * * *', 'UTC', '2026-11-21T02:13Z', '2026-11-21T02:14Z'],
  ['14 2 * * *', 'Europe/Berlin', '2026-11-21T02:13Z', '2026-11-22T01:14Z'],
  ['TZ=America/New_York 0 9 * * mon-fri', 'UTC', '2026-11-20T15:00Z', '2026-11-23T14:00Z'],
  ['*/20 8-9 * * 7', 'UTC', '2026-11-21T05:00Z', '2026-11-22T08:00Z'],
  ['0 0 29 2 *', 'UTC', '2026-11-21T00:00Z', '2028-02-29T00:00Z'],
  ['0 0 13 * fri', 'UTC', '2026-11-21T00:00Z', '2026-11-27T00:00Z'], // either day
  ['0 0 30 feb *', 'UTC', '2026-11-21T00:00Z', undefined],
  ['30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', '2026-03-30T00:30Z'], // left out on the 29th
  ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', '2026-10-25T00:30Z'], // shown twice on the 25th
  ['30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
])('%s in %s after %s', (text, zone, after, expected) => {
  expect(iso(nextDue(parseCron(text), at(after), zone))).toBe(expected);
});

test.each([
  '',
  '* * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '*/0 * * * *',
  '5-3 * * * *',
  '@often',
  'TZ=Mars/X @daily',
])('refuses %p', (text) => expect(() => parseCron(text)).toThrow(/./));

test('the last time and the next one are neighbours', () => {
  const texts = ['*/7 * * * *', '30 2 * * *', '0 12 * * sun', '15 0,23 1 * *', '0 3 31 * *', '45 1 1 jan,jul *'];
  const zones = ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/St_Johns'];
  const seconds = fc.integer({ min: at('2024-01-01T00:00Z'), max: at('2030-01-01T00:00Z') });
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.constantFrom(...zones), seconds, (text, zone, now) => {
      const schedule = parseCron(text);
      const last = lastDue(schedule, now, zone)!;
      expect(last).toBeLessThanOrEqual(now);
      const next = nextDue(schedule, last, zone)!;
      expect(next).toBeGreaterThan(now);
      expect(nextDue(schedule, now, zone)).toBe(next);
      expect(lastDue(schedule, next - 1, zone)).toBe(last);
    }),
    runs(150),
  );
});
