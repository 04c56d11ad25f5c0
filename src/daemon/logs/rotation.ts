import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Rotation } from '../../runtime/log-file';
import type { SizeRotation, TimeRotation } from './log-plan';
import { strftime, strftimeUtc } from './strftime';

/** `log`, `log.1`, `log.2`, …: as Python's RotatingFileHandler. */
export function rotateBySize({ maxBytes, backupCount }: SizeRotation): Rotation {
  return {
    isDue: (bytes) => bytes >= maxBytes,
    turnOver: (path) => {
      for (let index = backupCount - 1; index > 0; index -= 1)
        if (existsSync(`${path}.${index}`)) renameSync(`${path}.${index}`, `${path}.${index + 1}`);
      if (existsSync(path)) renameSync(path, `${path}.1`);
    },
  };
}

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const LENGTHS = { S: SECOND, M: 60 * SECOND, H: 3600 * SECOND, D: DAY, MIDNIGHT: DAY, W: 7 * DAY } as const;
const SUFFIXES = {
  S: ['%Y-%m-%d_%H-%M-%S', /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/],
  M: ['%Y-%m-%d_%H-%M', /^\d{4}-\d\d-\d\d_\d\d-\d\d$/],
  H: ['%Y-%m-%d_%H', /^\d{4}-\d\d-\d\d_\d\d$/],
  D: ['%Y-%m-%d', /^\d{4}-\d\d-\d\d$/],
  MIDNIGHT: ['%Y-%m-%d', /^\d{4}-\d\d-\d\d$/],
  W: ['%Y-%m-%d', /^\d{4}-\d\d-\d\d$/],
} as const;

/** When a file begun at `startMs` is to be moved away; as Python's TimedRotatingFileHandler computes it. */
export function nextTurnOver(plan: TimeRotation, startMs: number): number {
  const { when, interval, utc, weekday } = plan;
  if (when !== 'MIDNIGHT' && when !== 'W') return startMs + LENGTHS[when] * interval;
  const at = new Date(startMs);
  const midnight = (days: number) =>
    utc
      ? Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + days)
      : new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime();
  if (when === 'MIDNIGHT') return midnight(interval);
  const today = ((utc ? at.getUTCDay() : at.getDay()) + 6) % 7;
  return midnight(((weekday! - today + 7) % 7) + 1);
}

/** `log.2024-09-01`, the time being when what is in it began. */
export function rotateByTime(plan: TimeRotation, path: string, nowMs: number): Rotation {
  const begun = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
  let dueMs = nextTurnOver(plan, begun);
  let seenMs = nowMs;
  return {
    isDue: (_bytes, wallMs) => {
      seenMs = wallMs;
      return wallMs >= dueMs;
    },
    turnOver: (file) => {
      const [suffix, shape] = SUFFIXES[plan.when];
      const from = new Date(dueMs - LENGTHS[plan.when] * plan.interval);
      const target = `${file}.${plan.utc ? strftimeUtc(suffix, from) : strftime(suffix, from)}`;
      if (existsSync(file)) renameSync(file, target);
      if (plan.backupCount > 0) dropOldest(file, shape, plan.backupCount);
      while (dueMs <= seenMs) dueMs = nextTurnOver(plan, dueMs);
    },
  };
}

function dropOldest(file: string, shape: RegExp, keep: number): void {
  const prefix = `${basename(file)}.`;
  const old = readdirSync(dirname(file)).filter((it) => it.startsWith(prefix) && shape.test(it.slice(prefix.length)));
  for (const name of old.sort().slice(0, Math.max(0, old.length - keep))) rmSync(join(dirname(file), name));
}
