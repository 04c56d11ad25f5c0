import { EventEmitter, once } from 'node:events';
import { JobCancelled, Jobs } from '../../../src/builder/jobs';
import { Retries } from '../../../src/builder/retries';
import { BUILD_RETRY } from '../../../src/decide/build-retry';
import { seededRandom } from '../../../src/runtime/random';
import { FakeClock } from '../../support/fake-clock';

const untilCancelled = async (signal: AbortSignal) => {
  await once(signal, 'abort');
};

test('one job of a name at a time; its end frees the place', async () => {
  const ends: string[] = [];
  const jobs = new Jobs(
    () => ends.push('end'),
    () => undefined,
  );
  expect(jobs.start('a', 'east', untilCancelled)).toBe(true);
  expect(jobs.start('a', 'east', untilCancelled)).toBe(false);
  expect(jobs.start('b', 'east', untilCancelled)).toBe(true);
  expect([...jobs.groups()]).toEqual([['east', 2]]);
  jobs.cancel('a', 'not wanted');
  await jobs.close('shutdown');
  expect(ends).toHaveLength(2);
  expect(jobs.size).toBe(0);
  expect(jobs.start('c', 'east', untilCancelled)).toBe(false);
});

test('a job hears why it is cancelled', async () => {
  let reason: unknown;
  const jobs = new Jobs(
    () => undefined,
    () => undefined,
  );
  jobs.start('a', 'a', async (signal) => {
    await once(signal, 'abort');
    reason = signal.reason;
  });
  await jobs.close('the builder stops');
  expect(reason).toBeInstanceOf(JobCancelled);
  expect(reason).toMatchObject({ reason: 'the builder stops' });
});

test('what a job throws is told, and its place is free', async () => {
  const crashes: unknown[] = [];
  const ended = new EventEmitter();
  const jobs = new Jobs(
    () => ended.emit('end'),
    (job, error) => crashes.push([job.name, error]),
  );
  const error = new Error('boom');
  jobs.start('a', 'a', () => Promise.reject(error));
  await once(ended, 'end');
  expect(jobs.has('a')).toBe(false);
  await jobs.close('over');
  expect(crashes).toEqual([['a', error]]);
});

describe('retries', () => {
  const clock = new FakeClock();
  const make = () => new Retries(BUILD_RETRY, { clock, random: seededRandom(1) }, () => undefined);

  test('what failed waits; another configuration or a new request does not', () => {
    const retries = make();
    retries.failed('jammy', { cause: 'tool', message: 'exit code 1', requestedAt: 7 }, { elements: ['a'] });
    expect(retries.waitMs('jammy', { basis: { elements: ['a'] }, requestedAt: 7 })).toBeGreaterThan(0);
    expect(retries.waitMs('jammy', { basis: { elements: ['b'] } })).toBe(0);
    expect(retries.waitMs('jammy', { basis: { elements: ['a'] }, requestedAt: 8 })).toBe(0);
    expect(retries.waitMs('focal')).toBe(0);
    expect(retries.all().get('jammy')).toMatchObject({ failures: 1, cause: 'tool', message: 'exit code 1' });
    retries.succeeded('jammy');
    expect(retries.waitMs('jammy', { basis: { elements: ['a'] } })).toBe(0);
  });

  test('what was only postponed waits a moment', async () => {
    const retries = make();
    retries.postpone('jammy');
    expect(retries.waitMs('jammy')).toBeGreaterThan(0);
    await clock.advance(1_500);
    expect(retries.waitMs('jammy')).toBe(0);
  });

  test('a cloud that asks for patience gets it', () => {
    const retries = make();
    retries.failed('east', { cause: 'provider', message: 'slow down', atLeastMs: 120_000 });
    expect(retries.waitMs('east')).toBe(120_000);
    retries.keepOnly(new Set());
    expect(retries.waitMs('east')).toBe(0);
  });
});
