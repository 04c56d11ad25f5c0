import { fc } from '../../support/property';
import { findBuild } from '../../../src/cli/find-build';
import { placeOfLog } from '../../../src/cli/remote-log';
import { type ServerEvent, serverEvents } from '../../../src/cli/server-events';
import { builderExtras } from '../../../src/model/component-extras';
import type { BuildHistoryEntry } from '../../../src/model/build-history';
import type { Component } from '../../../src/model/records';
import type { ImageEntry } from '../../../src/store/api';
import { build, buildId, image } from '../../support/image-world';

async function read(chunks: readonly (Buffer | string)[]): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  async function* body() {
    yield* chunks;
    await Promise.resolve();
  }
  for await (const it of serverEvents(body())) events.push(it);
  return events;
}

test('events are read whole however the bytes come', async () => {
  const text =
    ': hello\n\nevent: log\nid: 12\ndata: grün\ndata: zwei\n\nevent: end\ndata: {"outcome":"ready"}\n\nevent: cut';
  const expected = [
    { event: 'log', id: '12', data: 'grün\nzwei' },
    { event: 'end', id: undefined, data: '{"outcome":"ready"}' },
  ];
  const bytes = Buffer.from(text);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      expect(await read(chunks)).toEqual(expected);
    }),
  );
});

const records = new Map([
  ['jammy', image([build(5), build(3)]) as unknown as ImageEntry],
  [
    'jammy-arm',
    image([build(9, {}, { key: { image: 'jammy-arm', build: buildId(9) } })], {
      image: 'jammy-arm',
    }) as unknown as ImageEntry,
  ],
]);
const remembered = (number: number, result: BuildHistoryEntry['result']): BuildHistoryEntry => ({
  ...{ image: 'jammy', build: buildId(number), result, reasons: [], builder: 'nb09', builderId: 'nine' },
  ...{ startedAt: number, endedAt: null, formats: [], bytes: {}, cause: null, message: null, exitCode: null },
});
const history = (...entries: BuildHistoryEntry[]) => new Map([['jammy', entries]]);

test.each([
  ['the last build of an image', 'jammy', history(), 5],
  ['also one that failed and is gone', 'jammy', history(remembered(7, 'failed')), 7],
  ['not a build that was not made', 'jammy', history(remembered(8, 'unchanged')), 5],
  ['by id', buildId(3), history(), 3],
  ['by image and id', `jammy-${buildId(3)}`, history(), 3],
  ['by an id that only the history knows', buildId(2), history(remembered(2, 'ready')), 2],
  ['another image', 'jammy-arm', history(), 9],
  ['nothing of that name', 'noble', history(), undefined],
])('%s', (_title, target, known, number) => {
  expect(findBuild(target, records, known)?.key.build).toBe(number === undefined ? undefined : buildId(number));
});

describe('the place of a log', () => {
  const known = findBuild(buildId(5), records, history())!;
  const entry = (webUrl: string | undefined, builderId = 'id') => {
    const about = { hostname: 'nb01.example.org', version: null, unknown: builderExtras({ builderId, webUrl }) };
    return { znode: 'builder-1', component: { ...about, kind: 'builder', state: 'running', modelApi: 0 } as Component };
  };

  test('is with its builder', () => {
    const place = placeOfLog(known, [entry('http://other:1', 'another'), entry('http://nb01:8006')]);
    expect(place.url).toBe(`http://nb01:8006/api/v1/builds/jammy/${buildId(5)}/log`);
  });

  test.each([
    ['which is not running', [entry('http://other:1', 'another')]],
    ['which serves no HTTP: configure "webapp: {builder_port: PORT}" there', [entry(undefined)]],
  ])('or it is said: %s', (why, builders) => {
    expect(() => placeOfLog(known, builders)).toThrow(
      `the log of jammy-${buildId(5)} is on builder nb01.example.org, ${why}`,
    );
  });
});
