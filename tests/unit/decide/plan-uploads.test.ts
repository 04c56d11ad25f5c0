import { fc } from '../../support/property';
import { groupBuildFiles } from '../../../src/decide/image-files';
import {
  answeredRequests,
  chooseUploads,
  planUploads,
  uploadPlaces,
  uploadShare,
  type UploadAction,
} from '../../../src/decide/plan-uploads';
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

const newest = build(2);
const files = groupBuildFiles([
  `${IMAGE}-${buildId(1)}.qcow2`,
  `${IMAGE}-${buildId(2)}.qcow2`,
  `${IMAGE}-${buildId(2)}.raw`,
]);
const plan = (builds: Parameters<typeof image>[0], provider = providerWish('east'), local = files) =>
  planUploads(wishes([wish()], [provider]), images(image(builds)), local).map((it) => [
    it.provider,
    it.build.build,
    it.format,
  ]);

test.each([
  ['the newest READY build', [build(1), newest], undefined, undefined, 1],
  ['an older build is never uploaded', [build(1, {}, {}), build(3)], undefined, undefined, 0],
  ['no READY build', [build(2, { state: 'building' })], undefined, undefined, 0],
  [
    'uploads to the provider are paused',
    [newest],
    providerWish('east', [], { diskImages: new Map([[IMAGE, { name: IMAGE, pause: true }]]) }),
    undefined,
    0,
  ],
  ['the provider does not list the image', [newest], providerWish('east', ['other']), undefined, 0],
  ['a READY upload is there', [withUploads(newest, [upload(newest.key, 'east', 1)])], undefined, undefined, 0],
  [
    'one that failed does not count',
    [withUploads(newest, [upload(newest.key, 'east', 1, { state: 'failed' })])],
    undefined,
    undefined,
    1,
  ],
  [
    'one to another provider does not count',
    [withUploads(newest, [upload(newest.key, 'west', 1)])],
    undefined,
    undefined,
    1,
  ],
  ['the format was not built', [newest], providerWish('east', [IMAGE], { format: 'raw' }), undefined, 0],
  ['the format is not known', [newest], providerWish('east', [IMAGE], { format: undefined }), undefined, 0],
  ['no file here', [newest], undefined, groupBuildFiles([`${IMAGE}-${buildId(1)}.qcow2`]), 0],
  ['only another format here', [newest], undefined, groupBuildFiles([`${IMAGE}-${buildId(2)}.raw`]), 0],
])('%s', (_title, builds, provider, local, count) => {
  const expected = count === 0 ? [] : [['east', buildId(2), 'qcow2']];
  expect(plan(builds, provider, local)).toEqual(expected);
});

const due = (provider: string, number: number): UploadAction => ({
  kind: 'upload',
  build: { image: `image-${number}`, build: buildId(number) },
  provider,
  format: 'qcow2',
});

test('a provider with much to do leaves a worker for each of the others', () => {
  const all = [1, 2, 3, 4, 5].map((it) => due('slow', it));
  expect(chooseUploads(all, new Map(), 4, 3).map((it) => it.provider)).toEqual(['slow', 'slow']);
  const later = [...all, due('quick', 1), due('third', 1)];
  const chosen = chooseUploads(later, new Map([['slow', 2]]), 4, 3);
  expect(chosen.map((it) => it.provider)).toEqual(['quick', 'third']);
});

test.each([
  [4, 1, 4],
  [4, 2, 3],
  [4, 4, 1],
  [2, 9, 1],
  [1, 0, 1],
])('of %d workers and %d providers one may use %d', (workers, providers, share) => {
  expect(uploadShare(workers, providers)).toBe(share);
});

test('with fewer workers than providers each has its place, and none without workers', () => {
  const all = ['a', 'b', 'c'].map((it) => due(it, 1));
  expect(chooseUploads(all, new Map([['hangs', 1]]), 1, 4).map((it) => it.provider)).toEqual(['a', 'b', 'c']);
  expect(chooseUploads(all, new Map(), 0, 3)).toEqual([]);
});

describe('an upload that was asked for', () => {
  const made = (at: number) => withUploads(build(2), [{ ...upload(build(2).key, 'east', 1), createdAt: at }]);
  const asked = (...builds: NonNullable<Parameters<typeof image>[0]>) =>
    images(image(builds, { uploadRequests: new Map([['east', 100]]) }));
  const here = groupBuildFiles([`${IMAGE}-${buildId(2)}.qcow2`]);
  const wanted = wishes([wish()], [providerWish('east')]);

  test('is due though there is a READY one, until there is one begun since', () => {
    expect(planUploads(wanted, asked(made(99)), here)).toMatchObject([{ provider: 'east', requestedAt: 100 }]);
    expect(answeredRequests(wanted, asked(made(99)))).toEqual([]);
    expect(planUploads(wanted, asked(made(100)), here)).toEqual([]);
    expect(answeredRequests(wanted, asked(made(100)))).toEqual([{ image: IMAGE, provider: 'east' }]);
  });

  test('of an image that the provider does not list is dropped; of an unknown provider it is left alone', () => {
    expect(answeredRequests(wishes([wish()], [providerWish('east', [])]), asked())).toHaveLength(1);
    expect(answeredRequests(wishes([wish()], []), asked())).toEqual([]);
  });
});

test('never more than there are places, never more than the share, and no worker idles that may work', () => {
  const anyDue = fc.array(fc.record({ provider: fc.constantFrom('a', 'b', 'c'), number: fc.nat(9) }), {
    maxLength: 20,
  });
  const anyRunning = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(anyDue, anyRunning, fc.integer({ min: 1, max: 8 }), (waiting, busy, workers) => {
      const running = new Map(Object.entries(busy));
      const before = [...running.values()].reduce((sum, it) => sum + it, 0);
      const chosen = chooseUploads(
        waiting.map((it) => due(it.provider, it.number)),
        running,
        workers,
        3,
      );
      const count = (name: string) => chosen.filter((it) => it.provider === name).length;
      const share = uploadShare(workers, 3);
      expect(before + chosen.length).toBeLessThanOrEqual(Math.max(before, uploadPlaces(workers, 3)));
      for (const name of ['a', 'b', 'c']) {
        const total = (running.get(name) ?? 0) + count(name);
        if (count(name) > 0) expect(total).toBeLessThanOrEqual(share);
        const left = waiting.filter((it) => it.provider === name).length - count(name);
        if (left > 0 && total < share) expect(before + chosen.length).toBeGreaterThanOrEqual(uploadPlaces(workers, 3));
      }
    }),
  );
});
