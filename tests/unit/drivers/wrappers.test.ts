import type { Instance, Provider } from '../../../src/drivers/driver';
import { NoCapacityError, RateLimitedError, TransientError } from '../../../src/drivers/errors';
import { observed, type ObservedCall } from '../../../src/drivers/observed';
import { withRateLimit } from '../../../src/drivers/rate-limit';
import { withTransientRetries } from '../../../src/drivers/transient-retries';
import { seededRandom } from '../../../src/runtime/random';
import { FakeClock, settle } from '../../support/fake-clock';

const never = new AbortController().signal;
const NAME = 'cloud';

/** A provider of which only `list` and `images.upload` are ever called, as `answer` says. */
function providerThat(answer: () => Promise<readonly Instance[]>): Provider & { closed: boolean } {
  const unused = () => Promise.reject(new Error('not part of this test'));
  return {
    name: NAME,
    closed: false,
    launch: unused,
    settled: unused,
    destroy: unused,
    list: answer,
    quota: unused,
    need: unused,
    zones: unused,
    images: {
      upload: async () => {
        await answer();
        return { externalId: 'image' };
      },
      remove: unused,
      list: unused,
      cloudImageReady: unused,
    },
    close() {
      this.closed = true;
      return Promise.resolve();
    },
  };
}

const failing = (...errors: readonly Error[]) => {
  const left = [...errors];
  return providerThat(() => {
    const error = left.shift();
    return error === undefined ? Promise.resolve([]) : Promise.reject(error);
  });
};

describe('withRateLimit', () => {
  const rig = (distanceMs: number) => {
    const clock = new FakeClock();
    const starts: number[] = [];
    const inner = providerThat(() => {
      starts.push(clock.monotonic());
      return Promise.resolve([]);
    });
    return { clock, starts, inner, provider: withRateLimit(inner, distanceMs, clock) };
  };

  test('starts are the distance apart, the first is at once', async () => {
    const { clock, starts, provider } = rig(1000);
    const calls = Promise.all([1, 2, 3].map(() => provider.list(never)));
    await settle();
    await clock.advance(2000);
    await calls;
    expect(starts).toEqual([0, 1000, 2000]);
  });

  test('time that passes anyway counts', async () => {
    const { clock, starts, provider } = rig(1000);
    await provider.list(never);
    await clock.advance(5000);
    await provider.list(never);
    expect(starts).toEqual([0, 5000]);
  });

  test('who gives up while queued costs the others nothing', async () => {
    const { clock, starts, provider } = rig(1000);
    const abort = new AbortController();
    const reason = new Error('changed our mind');
    await provider.list(never);
    const gaveUp = provider.list(abort.signal).catch((error: unknown) => error);
    const last = provider.list(never);
    abort.abort(reason);
    expect(await gaveUp).toBe(reason);
    await clock.advance(1000);
    await last;
    expect(starts).toEqual([0, 1000]);
  });

  test('when the only one in the queue gives up no timer is left', async () => {
    const { clock, provider } = rig(1000);
    const abort = new AbortController();
    await provider.list(never);
    const gaveUp = provider.list(abort.signal).catch((error: unknown) => error);
    abort.abort();
    await gaveUp;
    expect(clock.sleeping).toBe(0);
  });

  test('closing turns the queue away', async () => {
    const { clock, inner, provider } = rig(1000);
    await provider.list(never);
    const queued = provider.list(never).catch((error: unknown) => error);
    await provider.close();
    expect(await queued).toBeInstanceOf(TransientError);
    expect([inner.closed, clock.sleeping]).toEqual([true, 0]);
  });

  test('0 is no limit', () => {
    const { inner, provider } = rig(0);
    expect(provider).toBe(inner);
  });
});

describe('withTransientRetries', () => {
  const rig = (inner: Provider) => {
    const clock = new FakeClock();
    return { clock, provider: withTransientRetries(inner, { clock, random: seededRandom(1), attempts: 3 }) };
  };

  test('repeats what fails for the moment', async () => {
    const { clock, provider } = rig(failing(new TransientError(NAME), new TransientError(NAME)));
    const list = provider.list(never);
    await clock.untilSleeping(1);
    await clock.advance(60_000);
    expect(await list).toEqual([]);
  });

  test('throws the last error when the tries are used up', async () => {
    const errors = [1, 2, 3, 4].map(() => new TransientError(NAME));
    const { clock, provider } = rig(failing(...errors));
    const list = provider.list(never).catch((error: unknown) => error);
    await clock.untilSleeping(1);
    await clock.advance(60_000);
    expect(await list).toBe(errors[2]);
  });

  test('waits as long as it is asked to', async () => {
    const { clock, provider } = rig(failing(new RateLimitedError(NAME, 30_000)));
    let done = false;
    const list = provider.list(never).then(() => (done = true));
    await clock.untilSleeping(1);
    await clock.advance(29_999);
    expect(done).toBe(false);
    await clock.advance(1);
    expect(await list).toBe(true);
  });

  test.each([
    ['another error', () => new NoCapacityError(NAME, 'cores')],
    ['a stranger', () => new TypeError('bug')],
  ])('%s is not repeated', async (_what, make) => {
    const error = make();
    const { clock, provider } = rig(failing(error));
    await expect(provider.list(never)).rejects.toBe(error);
    expect(clock.sleeping).toBe(0);
  });

  test('an upload is not repeated', async () => {
    const error = new TransientError(NAME);
    const { provider } = rig(failing(error));
    const spec = { name: 'i', metadata: {}, file: '/f', format: 'raw', image: 'i' };
    await expect(provider.images!.upload(spec, () => undefined, never)).rejects.toBe(error);
  });

  test('a pause ends with the signal, with its reason', async () => {
    const { clock, provider } = rig(failing(new TransientError(NAME)));
    const abort = new AbortController();
    const list = provider.list(abort.signal).catch((error: unknown) => error);
    await clock.untilSleeping(1);
    const reason = new Error('stop');
    abort.abort(reason);
    expect(await list).toBe(reason);
    expect(clock.sleeping).toBe(0);
  });

  test('a pause ends when the provider is closed, with the error', async () => {
    const error = new TransientError(NAME);
    const { clock, provider } = rig(failing(error));
    const list = provider.list(never).catch((it: unknown) => it);
    await clock.untilSleeping(1);
    await provider.close();
    expect(await list).toBe(error);
    await settle();
    expect(clock.sleeping).toBe(0);
  });
});

describe('observed', () => {
  test.each([
    ['ok', undefined],
    ['no-capacity', new NoCapacityError(NAME, 'cores')],
    ['error', new TypeError('bug')],
  ])('%s is told with its duration', async (outcome, error) => {
    const clock = new FakeClock();
    const told: ObservedCall[] = [];
    const inner = providerThat(async () => {
      await clock.sleep(250);
      if (error !== undefined) throw error;
      return [];
    });
    const call = observed(inner, clock, (it) => told.push(it))
      .list(never)
      .catch(() => undefined);
    await clock.advance(250);
    await call;
    expect(told).toEqual([{ provider: NAME, call: 'list', ms: 250, outcome, ...(error && { error }) }]);
  });

  test('the reason of the caller is told as aborted', async () => {
    const told: ObservedCall[] = [];
    const signal = AbortSignal.abort(new Error('stop'));
    const inner = providerThat(() => Promise.reject(signal.reason as Error));
    await observed(inner, new FakeClock(), (it) => told.push(it))
      .list(signal)
      .catch(() => undefined);
    expect(told).toMatchObject([{ outcome: 'aborted' }]);
  });

  test('optional parts are there as they are in the inner provider', () => {
    const inner = providerThat(() => Promise.resolve([]));
    const outer = observed(inner, new FakeClock(), () => undefined);
    expect(['images', 'consoleLog', 'cleanLeaks'].filter((it) => it in outer)).toEqual(['images']);
  });
});
