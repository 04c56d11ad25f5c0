import { isAbandonedBuild, planFileCleanup } from '../../../src/decide/cleanup-files';
import { groupBuildFiles, parseBuildName } from '../../../src/decide/image-files';
import { findImageOrphans } from '../../../src/decide/image-orphans';
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

const name = (number: number) => `${IMAGE}-${buildId(number)}`;
const two = build(2);

test('entries are grouped by build, whatever the tool left', () => {
  const entries = ['.qcow2', '.qcow2.md5', '.qcow2.sha256', '.raw-new', '.d', '.squash'].map((it) => name(1) + it);
  const groups = groupBuildFiles([...entries, 'builder_id.txt', '.nodepool-x', 'jammy-12345.qcow2', `${name(2)}`]);
  expect([...groups.keys()]).toEqual([name(1)]);
  expect([...groups.get(name(1))!.entries]).toEqual(entries);
  expect([...groups.get(name(1))!.formats]).toEqual(['qcow2', 'squash']);
});

test('ten digit ids of old releases are builds, dates in foreign names are not', () => {
  const groups = groupBuildFiles(['a-b-0000000012.raw', 'a-b-0000000012.raw.md5', 'backup-1700000000.tar.gz']);
  expect([...groups.values()].map((it) => [it.key, it.entries])).toEqual([
    [{ image: 'a-b', build: '0000000012' }, ['a-b-0000000012.raw', 'a-b-0000000012.raw.md5']],
  ]);
});

test.each([
  [`a-b-${buildId(3)}`, { image: 'a-b', build: buildId(3) }],
  ['jammy-0000000003', { image: 'jammy', build: '0000000003' }],
  ['jammy-xyz', undefined],
])('%s names a build', (text, key) => {
  expect(parseBuildName(text)).toEqual(key);
});

describe('files go', () => {
  const files = groupBuildFiles([`${name(2)}.qcow2`, `${name(2)}.raw`, `${name(2)}.d`]);
  const plan = (builds: Parameters<typeof image>[0], of = wishes([wish()], [])) =>
    planFileCleanup(of, images(image(builds)), files).map((it) => [it.kind, 'formats' in it ? it.formats : it.reason]);

  test.each([
    ['no record', [], [['delete-files', 'no-record']]],
    ['an empty record', [build(2, {}, { record: undefined, broken: 'empty' })], [['delete-files', 'no-record']]],
    ['a record that cannot be read', [build(2, {}, { record: undefined, broken: 'nonsense' })], []],
    ['deleting', [build(2, { state: 'deleting' })], [['delete-files', 'deleting']]],
    ['building', [build(2, { state: 'building' })], []],
    ['failed', [build(2, { state: 'failed' })], []],
    ['ready', [two], []],
  ])('when the build is %s', (_title, builds, expected) => {
    expect(plan(builds)).toEqual(expected);
  });

  test.each([
    ['not uploaded yet: its format stays', two, [], [['prune-formats', ['raw']]]],
    [
      'uploaded: nothing is needed',
      withUploads(two, [upload(two.key, 'east', 1)]),
      [],
      [['prune-formats', ['qcow2', 'raw']]],
    ],
    ['formats to keep stay', withUploads(two, [upload(two.key, 'east', 1)]), ['raw'], [['prune-formats', ['qcow2']]]],
  ])('with delete-after-upload when %s', (_title, made, keepFormats, expected) => {
    const wanted = wishes([wish({ deleteAfterUpload: true, keepFormats })], [providerWish('east')]);
    expect(plan([made], wanted)).toEqual(expected);
  });

  test('a provider whose format is unknown may want any', () => {
    const unknown = providerWish('east', [IMAGE], { format: undefined });
    expect(plan([two], wishes([wish({ deleteAfterUpload: true })], [unknown]))).toEqual([]);
  });
});

test.each([
  ['no record', [], false, true],
  ['the lock is free', [build(2, { state: 'building' })], false, true],
  ['it is being built', [build(2, { state: 'building' })], true, false],
  ['a newer one is being built', [build(2, { state: 'building' }), build(3, { state: 'building' })], true, true],
  ['it has ended', [two], true, true],
])('a temporary folder is abandoned when %s', (_title, builds, buildLocked, expected) => {
  expect(isAbandonedBuild(images(image(builds, { buildLocked })), two.key)).toBe(expected);
});

test('a cloud image is an orphan when no upload record has its ids', () => {
  const known = withUploads(two, [upload(two.key, 'east', 1)]);
  const meta = (change: Record<string, string> = {}) => ({
    nodepool_provider_name: 'east',
    nodepool_build_id: two.key.build,
    nodepool_upload_id: '0000000001',
    ...change,
  });
  const cloud = [
    { externalId: 'known', metadata: meta() },
    { externalId: 'other upload', metadata: meta({ nodepool_upload_id: '0000000002' }) },
    { externalId: 'other build', metadata: meta({ nodepool_build_id: buildId(9) }) },
    { externalId: 'other provider', metadata: meta({ nodepool_provider_name: 'west' }) },
    { externalId: 'other installation', metadata: meta({ nodepool_upload_id: '3', nodepool_installation_id: 'b' }) },
    { externalId: 'not ours', metadata: {} },
  ];
  const found = findImageOrphans({ provider: 'east', installation: undefined }, cloud, images(image([known])));
  expect(found.map((it) => it.externalId)).toEqual(['other upload', 'other build']);
  const neighbour = findImageOrphans({ provider: 'east', installation: 'b' }, cloud, images(image([known])));
  expect(neighbour.map((it) => it.externalId)).toEqual(['other installation']);
});
