import { imageStatusView, withWaits } from '../../../src/views/images';
import { tableText } from '../../../src/views/table';

const image = (name: string) => ({ image: name, paused: false, buildRequest: undefined, buildRequestedAt: undefined });
const wait = (provider: string | null, nextTryAt: number) => ({
  ...{ image: 'deb', provider, failures: 3, cause: 'tool', message: 'exit code 1', failedAt: 900, nextTryAt },
});
const rows = withWaits(
  [image('deb'), image('other')],
  [
    { builder: 'b2', waits: [wait(null, 990), wait('east', 1075.2)] },
    { builder: 'b1', waits: [wait(null, 1010), { ...wait(null, 1010), image: 'gone' }] },
  ],
);

test('each image stands with what waits of it, the build first', () => {
  expect(rows.map((it) => [it.image, it.wait?.provider, it.builder])).toEqual([
    ['deb', null, 'b1'],
    ['deb', null, 'b2'],
    ['deb', 'east', 'b2'],
    ['other', undefined, undefined],
  ]);
});

test("the table says when, how often and why; without detail it is the Python tool's", () => {
  const text = tableText(imageStatusView(rows, 1000, true));
  expect(text).toMatch(/deb +\| False .*\| build +\| b1 +\| in 00:00:00:10 \| 3 +\| tool +\| exit code 1/);
  expect(text).toMatch(/\| build +\| b2 +\| now +\|/);
  expect(text).toMatch(/\| upload to east \| b2 +\| in 00:00:01:16 \|/);
  expect(imageStatusView([], 0).columns.map((it) => it.header)).toEqual([
    'Image',
    'Paused',
    'Build Request',
    'Build Request Age',
  ]);
});
