import { fc } from '../../support/property';
import { parseCron } from '../../../src/config/cron';
import type { ImageWishes } from '../../../src/decide/image-snapshot';
import { planBuilds, spreadBuilds } from '../../../src/decide/plan-builds';
import { build, image, images, wish, wishes } from '../../support/image-world';

const NOW = 1_000_000;
const fresh = build(NOW - 10);

test.each([
  ['no znode at all', images(), wish(), NOW, [['missing']]],
  [
    'no READY build, only a failed and a running one',
    images(image([build(1, { state: 'failed' }), build(2, { state: 'building' })])),
    wish(),
    NOW,
    [['missing']],
  ],
  ['one second before the age', images(image([build(NOW)])), wish({ rebuildAge: 100 }), NOW + 99.9, []],
  ['at the age', images(image([build(NOW)])), wish({ rebuildAge: 100 }), NOW + 100, [['expired']]],
  [
    'the most recent by state time counts, not by id',
    images(image([build(9, { stateTime: 5 }), build(1, { stateTime: NOW })])),
    wish({ rebuildAge: 100 }),
    NOW + 1,
    [],
  ],
  [
    'of two that ended at the same moment the one begun later counts',
    images(
      image([build(1, { stateTime: NOW, formats: ['raw'] }), build(2, { stateTime: NOW }, { createdAt: NOW + 1 })]),
    ),
    wish(),
    NOW,
    [],
  ],
  ['a format more than built', images(image([fresh])), wish({ formats: ['qcow2', 'raw'] }), NOW, [['format-missing']]],
  ['a format less than built', images(image([build(NOW, { formats: ['qcow2', 'raw'] })])), wish(), NOW, []],
  ['asked for', images(image([fresh], { buildRequestedAt: 7 })), wish(), NOW, [['requested']]],
  [
    'asked for and expired: one build for both',
    images(image([build(1)], { buildRequestedAt: 7 })),
    wish(),
    NOW,
    [['requested', 'expired']],
  ],
  ['paused in the file, though asked for', images(image([], { buildRequestedAt: 7 })), wish({ pause: true }), NOW, []],
  ['paused in the tree, though asked for', images(image([], { buildRequestedAt: 7, paused: true })), wish(), NOW, []],
  ['no format known', images(image([], { buildRequestedAt: 7 })), wish({ formats: [] }), NOW, []],
])('%s', (_title, state, wanted, now, reasons) => {
  expect(planBuilds(wishes([wanted]), state, now).map((it) => it.reasons)).toEqual(reasons);
});

test('an image of the tree that is not configured is not built', () => {
  expect(planBuilds(wishes([]), images(image([], { buildRequestedAt: 7 })), NOW)).toEqual([]);
});

test('requested builds come first, then the order of the file', () => {
  const wanted = wishes(['a', 'b', 'c'].map((name) => wish({ name })));
  const state = images(image([], { image: 'c', buildRequestedAt: 7 }));
  expect(planBuilds(wanted, state, NOW).map((it) => it.image)).toEqual(['c', 'a', 'b']);
});

test('builders begin with different images, requested ones before others, and none is lost', () => {
  const names = Array.from({ length: 8 }, (_, index) => `image-${index}`);
  const wanted = wishes(names.map((name) => wish({ name })));
  const due = planBuilds(wanted, images(image([], { image: 'image-7', buildRequestedAt: 7 })), NOW);
  const orders = ['one', 'two', 'three', 'four'].map((it) => spreadBuilds(due, it).map((action) => action.image));
  for (const order of orders) {
    expect(order[0]).toBe('image-7');
    expect([...order].sort()).toEqual(names);
  }
  expect(new Set(orders.map((it) => it[1])).size).toBeGreaterThan(1);
});

test('carried out, nothing is left to do', () => {
  const anyImage = fc.record({
    pause: fc.boolean(),
    paused: fc.boolean(),
    formats: fc.subarray(['qcow2', 'raw', 'vhd']),
    requestedAt: fc.option(fc.integer({ min: 1, max: NOW }), { nil: undefined }),
    builds: fc.array(
      fc.record({ at: fc.integer({ min: 1, max: NOW }), state: fc.constantFrom('ready', 'failed', 'building') }),
    ),
  });
  fc.assert(
    fc.property(fc.array(anyImage, { maxLength: 5 }), (all) => {
      const wanted = wishes(all.map((it, index) => wish({ name: `i${index}`, pause: it.pause, formats: it.formats })));
      const state = all.map((it, index) =>
        image(
          it.builds.map((made, number) => build(number, { state: made.state as 'ready', stateTime: made.at })),
          { image: `i${index}`, paused: it.paused, buildRequestedAt: it.requestedAt },
        ),
      );
      const due = planBuilds(wanted, images(...state), NOW);
      const done = state.map((it) => {
        const action = due.find((one) => one.image === it.image);
        if (action === undefined) return it;
        const formats = [...wanted.images.get(it.image)!.formats];
        const made = build(999, { stateTime: NOW, formats }, { createdAt: NOW + 1 });
        const buildRequestedAt = action.requestedAt === undefined ? it.buildRequestedAt : undefined;
        return { ...it, buildRequestedAt, builds: new Map([...it.builds, [made.key.build, made]]) };
      });
      expect(planBuilds(wanted, images(...done), NOW)).toEqual([]);
    }),
  );
});

test('a schedule makes what was not begun since due, once', () => {
  const wanted: ImageWishes = { ...wishes(), schedule: { cron: parseCron('0 * * * *'), machineZone: 'UTC' } };
  const reasons = (startedAt: number, endedAt: number) =>
    planBuilds(wanted, images(image([build(1, { stateTime: endedAt }, { createdAt: startedAt })])), 7300).map(
      (it) => it.reasons,
    );
  expect(reasons(7100, 7150)).toEqual([['scheduled']]);
  expect(reasons(7100, 7250)).toEqual([['scheduled']]); // began before the full hour
  expect(reasons(7200, 7250)).toEqual([]);
});
