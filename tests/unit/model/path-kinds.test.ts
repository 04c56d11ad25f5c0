import * as paths from '../../../src/model/paths';
import { classifyPath, parseUploadPath } from '../../../src/model/path-kinds';

const build = { image: 'deb', build: 'abc' };
const upload = { ...build, provider: 'east', upload: '0000000001' };

test.each([
  [paths.imagePath('deb'), { kind: 'image', image: 'deb' }],
  [paths.requestBuildPath('deb'), { kind: 'request-build', image: 'deb' }],
  [paths.pausePath('deb'), { kind: 'pause', image: 'deb' }],
  [paths.imageBuildLock('deb'), { kind: 'image-build-lock', image: 'deb' }],
  [paths.buildPath(build), { kind: 'build', ...build }],
  [paths.buildNumberLock(build), { kind: 'build-number-lock', ...build }],
  [`${paths.buildProvidersPath(build)}/east`, { kind: 'build-provider', ...build, provider: 'east' }],
  [paths.imageUploadLock(build, 'east'), { kind: 'image-upload-lock', ...build, provider: 'east' }],
  [paths.uploadPath(upload), { kind: 'upload', ...upload }],
  [paths.uploadNumberLock(upload), { kind: 'upload-number-lock', ...upload }],
  [paths.nodePath('0000000001'), { kind: 'node', node: '0000000001' }],
  [paths.nodeLock('0000000001'), { kind: 'node-lock', node: '0000000001' }],
  [paths.requestPath('200-0000000001'), { kind: 'request', request: '200-0000000001' }],
  [paths.requestLock('200-0000000001'), { kind: 'request-lock', request: '200-0000000001' }],
  ['/nodepool/components/pool/h0000000000', { kind: 'component', of: 'pool', znode: 'h0000000000' }],
  [paths.STATS_ELECTION, { kind: 'stats-election' }],
])('%s', (path, kind) => {
  expect(classifyPath(path)).toEqual(kind);
});

test.each([
  paths.imageBuildLock('deb'),
  paths.buildNumberLock(build),
  paths.imageUploadLock(build, 'east'),
  paths.uploadNumberLock(upload),
  paths.nodeLock('0000000001'),
  paths.requestLock('200-0000000001'),
  paths.STATS_ELECTION,
])('a contender below %s', (dir) => {
  const lock = classifyPath(dir);
  expect(classifyPath(`${dir}/any name`)).toEqual({ kind: 'contender', name: 'any name', of: lock });
  expect(classifyPath(`${dir}/a/b`)).toEqual({ kind: 'other' });
});

test.each([
  '',
  '/',
  '/nodepool',
  '/nodepool/',
  '/nodepool/images',
  '/nodepool/images/lock',
  '/nodepool/images/deb/other',
  '/nodepool/images/deb/other/abc',
  paths.buildsPath('deb'),
  paths.buildProvidersPath(build),
  paths.uploadsPath(build, 'east'),
  '/nodepool/nodes',
  '/nodepool/nodes/lock',
  '/nodepool/nodes/0000000001/other',
  '/nodepool/requests',
  '/nodepool/requests/a/b',
  '/nodepool/components/pool',
  '/nodepool/components/zeppelin/h0000000000',
  '/nodepool/launchers/x',
  '/zuul/nodepool/images/deb',
  '/nodepool//images',
])('%s is nothing of ours', (path) => {
  expect(classifyPath(path)).toEqual({ kind: 'other' });
});

test('the image of a node', () => {
  expect(parseUploadPath(paths.uploadPath(upload))).toEqual(upload);
  expect(parseUploadPath('ubuntu-jammy')).toBeUndefined();
});
