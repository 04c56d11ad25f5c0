import { fc } from '../../support/property';
import type { BuildSnapshot, ImageSnapshot, ImageSnapshots, UploadSnapshot } from '../../../src/decide/image-snapshot';
import { type CleanupAction, FAILURE_SHOWN_SECONDS, planCleanup } from '../../../src/decide/plan-cleanup';
import type { BuildState, UploadState } from '../../../src/model/records';
import {
  build,
  buildId,
  IMAGE,
  image,
  images,
  providerWish,
  upload,
  wish,
  wishes,
  withUploads,
} from '../../support/image-world';

const NOW = 10_000;
const wanted = wishes([wish()], [providerWish('east'), providerWish('west')]);

const short = (action: CleanupAction): string => {
  const reason = 'reason' in action ? ` ${action.reason}` : '';
  if ('upload' in action) return `${action.kind} ${action.upload.provider}/${Number(action.upload.upload)}${reason}`;
  return `${action.kind} ${parseInt(action.build.build, 16)}${reason}${'probe' in action && action.probe ? ' probing' : ''}`;
};
const plan = (state: ImageSnapshot, of = wanted, now = NOW) => planCleanup(of, images(state), now).actions.map(short);

const one = build(1);
const two = build(2);
const three = build(3);
const at = (of: BuildSnapshot, provider: string, number: number, state: UploadState = 'ready') =>
  upload(of.key, provider, number, { state });

test('the two newest READY builds stay, with all their READY uploads', () => {
  const state = image([withUploads(two, [at(two, 'east', 1), at(two, 'west', 2)]), three]);
  expect(plan(state)).toEqual([]);
});

test('an older build without uploads goes', () => {
  expect(plan(image([one, two, three]))).toEqual(['mark-build 1 superseded']);
});

test('an older build loses the uploads that newer ones have replaced, one provider at a time', () => {
  const state = image([
    withUploads(one, [at(one, 'east', 1), at(one, 'west', 1)]),
    withUploads(two, [at(two, 'east', 2)]),
    withUploads(three, [at(three, 'east', 3)]),
  ]);
  // west has no newer image: what it has stays, and with it the build.
  expect(plan(state)).toEqual(['mark-upload east/1 superseded']);
});

test('a build is marked as soon as all its uploads are deleting, and removed when they are gone', () => {
  const marked = withUploads(one, [at(one, 'east', 1, 'deleting')]);
  expect(plan(image([marked, two, three]))).toEqual(['remove-upload east/1', 'mark-build 1 superseded']);
  const gone = build(1, { state: 'deleting' });
  expect(plan(image([gone, two, three]))).toEqual(['remove-build 1']);
  expect(plan(image([withUploads(gone, [at(one, 'east', 1, 'deleting')]), two]))).toEqual(['remove-upload east/1']);
});

test('uploads to a provider that is not configured are never touched, and keep their build', () => {
  expect(plan(image([withUploads(one, [at(one, 'gone', 1)]), two, three]))).toEqual([]);
  const deleting = build(1, { state: 'deleting' });
  expect(plan(image([withUploads(deleting, [at(one, 'gone', 1)]), two]))).toEqual([]);
});

test('a provider that does not list the image any more is drained, of the newest too', () => {
  const drained = wishes([wish()], [providerWish('east', [])]);
  const state = image([withUploads(two, [at(two, 'east', 1), at(two, 'east', 2, 'failed')])]);
  expect(plan(state, drained)).toEqual(['mark-upload east/1 image-removed', 'mark-upload east/2 image-removed']);
});

test('an image that is not configured any more is retired with all its builds', () => {
  const removed = wishes([], [providerWish('east', [])]);
  const state = image([build(1, { state: 'failed', stateTime: NOW }), withUploads(two, [at(two, 'east', 1)])]);
  expect(plan(state, removed)).toEqual(['mark-build 1 image-removed', 'mark-upload east/1 image-removed']);
});

test.each([
  ['nobody builds the image: the lock is to be probed', {}, ['mark-build 5 interrupted probing']],
  ['somebody does: it may be this one', { buildLocked: true }, []],
])('a running build when %s', (_title, change, expected) => {
  expect(plan(image([two, build(5, { state: 'building' })], change))).toEqual(expected);
});

test('of two running builds of a locked image the older one is stale for certain', () => {
  const builds = [build(5, { state: 'building' }), build(6, { state: 'building' })];
  expect(plan(image(builds, { buildLocked: true }))).toEqual(['mark-build 5 interrupted']);
});

test.each([
  ['uploading', [], 'drop-upload east/7 interrupted'],
  ['uploading', ['east'], undefined],
  ['deleting', [], 'remove-upload east/7'],
  ['ready', [], undefined],
] as const)('of a kept build an upload that is %s (locked: %j)', (state, locked, expected) => {
  const kept = withUploads(two, [at(two, 'east', 7, state)], locked);
  expect(plan(image([kept]))).toEqual(expected === undefined ? [] : [expected]);
});

test('failures are shown for a while, then go', () => {
  const state = image([
    withUploads(two, [upload(two.key, 'east', 7, { state: 'failed', stateTime: NOW })]),
    build(5, { state: 'failed', stateTime: NOW }),
  ]);
  expect(planCleanup(wanted, images(state), NOW + 1)).toEqual({ actions: [], nextAt: NOW + FAILURE_SHOWN_SECONDS });
  expect(plan(state, wanted, NOW + FAILURE_SHOWN_SECONDS)).toEqual([
    'mark-upload east/7 failed',
    'mark-build 5 failed',
  ]);
  const wrongClock = image([build(5, { state: 'failed', stateTime: NOW * 2 })]);
  expect(plan(wrongClock)).toEqual(['mark-build 5 failed']);
});

test('empty znodes, left by locks below deleted records, are swept', () => {
  const empty = build(4, {}, { record: undefined, broken: 'empty' });
  expect(plan(image([empty]))).toEqual(['remove-build 4']);
  const emptyUpload: UploadSnapshot = { ...at(two, 'east', 7), record: undefined, broken: 'empty' };
  expect(plan(image([withUploads(two, [emptyUpload])]))).toEqual(['drop-upload east/7 empty']);
});

test('what cannot be read is left alone, with all below', () => {
  const unreadable = build(4, {}, { record: undefined, broken: 'state: nonsense' });
  expect(plan(image([withUploads(unreadable, [at(one, 'east', 1), at(one, 'east', 2, 'deleting')]), two]))).toEqual([]);
});

describe('carried out step by step', () => {
  const BUILDS: readonly BuildState[] = ['building', 'ready', 'failed', 'deleting'];
  const UPLOADS: readonly UploadState[] = ['uploading', 'ready', 'failed', 'deleting'];
  const anyUpload = fc.record({
    provider: fc.constantFrom('east', 'west', 'gone'),
    state: fc.constantFrom(...UPLOADS),
    at: fc.nat(99),
  });
  const anyBuild = fc.record({
    state: fc.constantFrom(...BUILDS),
    at: fc.nat(99),
    uploads: fc.array(anyUpload, { maxLength: 4 }),
  });
  const world = fc.array(anyBuild, { maxLength: 6 }).map((all) =>
    images(
      image(
        all.map((it, index) => {
          const made = build(index + 1, { state: it.state, stateTime: it.at });
          return withUploads(
            made,
            it.uploads.map((up, number) =>
              upload(made.key, up.provider, number + 1, { state: up.state, stateTime: up.at }),
            ),
          );
        }),
      ),
    ),
  );

  test('it comes to an end, keeps the newest READY builds and the last images of every provider', () => {
    fc.assert(
      fc.property(world, (before) => {
        const after = untilNothingLeft(before);
        const [old, now] = [readyOf(before), readyOf(after)];
        expect(now.slice(0, 2)).toEqual(old.slice(0, 2));
        for (const provider of ['east', 'west']) {
          expect(readyUploads(after, provider).slice(0, 2)).toEqual(readyUploads(before, provider).slice(0, 2));
        }
        expect(allUploads(after).filter((it) => it.key.provider === 'gone')).toEqual(
          allUploads(before).filter((it) => it.key.provider === 'gone'),
        );
        for (const it of allUploads(after)) {
          if (it.key.provider !== 'gone') expect(it.record?.state).toBe('ready');
        }
      }),
    );
  });

  function untilNothingLeft(start: ImageSnapshots): ImageSnapshots {
    let state = start;
    for (let round = 0; round < 10; round += 1) {
      const { actions } = planCleanup(wanted, state, NOW);
      if (actions.length === 0) return state;
      state = actions.reduce(carryOut, state);
    }
    throw new Error('it never ends');
  }

  function carryOut(state: ImageSnapshots, action: CleanupAction): ImageSnapshots {
    const all = state.get(IMAGE)!;
    const builds = new Map(all.builds);
    const id = 'upload' in action ? action.upload.build : action.build.build;
    const old = builds.get(id)!;
    if (action.kind === 'remove-build') builds.delete(id);
    if (action.kind === 'mark-build') builds.set(id, { ...old, record: { ...old.record!, state: 'deleting' } });
    if ('upload' in action) builds.set(id, changeUpload(old, action));
    return images({ ...all, builds });
  }

  function changeUpload(old: BuildSnapshot, action: Extract<CleanupAction, { upload: unknown }>): BuildSnapshot {
    const { provider, upload: number } = action.upload;
    const place = old.providers.get(provider)!;
    const uploads = new Map(place.uploads);
    const before = uploads.get(number)!;
    if (action.kind === 'mark-upload')
      uploads.set(number, { ...before, record: { ...before.record!, state: 'deleting' } });
    else uploads.delete(number);
    return { ...old, providers: new Map(old.providers).set(provider, { ...place, uploads }) };
  }

  const readyOf = (state: ImageSnapshots) =>
    [...state.get(IMAGE)!.builds.values()]
      .filter((it) => it.record?.state === 'ready')
      .sort((a, b) => b.record!.stateTime - a.record!.stateTime || (a.key.build < b.key.build ? -1 : 1))
      .map((it) => it.key.build);
  const allUploads = (state: ImageSnapshots) =>
    [...state.get(IMAGE)!.builds.values()].flatMap((it) =>
      [...it.providers.values()].flatMap((place) => [...place.uploads.values()]),
    );
  const readyUploads = (state: ImageSnapshots, provider: string) => {
    const ready = new Set(readyOf(state));
    return allUploads(state)
      .filter((it) => it.key.provider === provider && it.record?.state === 'ready' && ready.has(it.key.build))
      .sort((a, b) => b.record!.stateTime - a.record!.stateTime)
      .map((it) => it.record!.stateTime);
  };
});

test('ids of builds are text: ten digits of old releases are as good', () => {
  const old = build(1, {}, { key: { image: IMAGE, build: '0000000017' } });
  expect(planCleanup(wanted, images(image([old, two, three])), NOW).actions).toEqual([
    { kind: 'mark-build', build: { image: IMAGE, build: '0000000017' }, reason: 'superseded', probe: false },
  ]);
  expect(buildId(1)).toHaveLength(32);
});
