import type { BuilderEvent, BuildFailure } from '../../../src/builder/events';
import { BUILDER_METRICS } from '../../../src/builder/metrics-definitions';
import { reportBuilderEvents } from '../../../src/builder/metrics-events';
import { reportImages } from '../../../src/builder/metrics-states';
import type { ImageSnapshot, ImageWishes } from '../../../src/decide/image-snapshot';
import { StatsdMetrics } from '../../../src/runtime/metrics/statsd';
import { FakeClock } from '../../support/fake-clock';
import { wish } from '../../support/image-world';

const KEY = { image: 'deb', build: 'b' };
const UPLOAD = { ...KEY, provider: 'east', upload: 'u' };

function sent(events: readonly BuilderEvent[]): string[] {
  const lines: string[] = [];
  const report = reportBuilderEvents(new StatsdMetrics({ add: (it) => lines.push(...it) }), new FakeClock());
  events.forEach((it) => report(it));
  return lines;
}

const failed = (failure: BuildFailure, tookMs?: number): BuilderEvent => ({
  kind: 'build-failed',
  image: 'deb',
  key: KEY,
  failure,
  ...(tookMs === undefined ? {} : { tookMs }),
});

test('a build that is ready: sizes, time, status', () => {
  expect(
    sent([
      { kind: 'build-ready', key: KEY, formats: ['qcow2', 'raw'], bytes: { qcow2: 512, raw: 4096 }, tookMs: 60_500 },
    ]),
  ).toEqual([
    'nodepool.dib_image_build.deb.qcow2.size:512|g',
    'nodepool.dib_image_build.deb.raw.size:4096|g',
    'nodepool.dib_image_build.deb.status.duration:60500|ms',
    'nodepool.dib_image_build.deb.status.rc:0|g',
    'nodepool.dib_image_build.deb.status.last_build:1700000000|g',
  ]);
});

test.each([
  ['by itself', { cause: 'tool', exitCode: 42 }, 'rc:42|g'],
  ['killed by a signal', { cause: 'tool', exitCode: -15 }, 'rc:0|g\nnodepool.dib_image_build.deb.status.rc:-15|g'],
  ['by the clock', { cause: 'timeout' }, 'rc:1|g'],
  ['without a file', { cause: 'tool', exitCode: 0 }, 'rc:0|g'],
  ['because we stop', { cause: 'cancelled' }, 'rc:0|g\nnodepool.dib_image_build.deb.status.rc:-9|g'],
] as const)('a build that failed %s', (_title, failure, rc) => {
  const lines = sent([failed({ message: '', ...failure }, 100)]);
  expect(lines[0]).toBe('nodepool.dib_image_build.deb.status.duration:100|ms');
  expect(lines[1]).toBe(`nodepool.dib_image_build.deb.status.${rc}`);
  expect(lines).toHaveLength(3);
});

test.each([
  ['there is no tool', failed({ cause: 'tool', message: 'cannot start' }, 10)],
  ['there is no room', failed({ cause: 'disk', message: 'full' })],
])('nothing is said when %s', (_title, event) => {
  expect(sent([event])).toEqual([]);
});

test('uploads: a timer and a counter of those that succeeded', () => {
  const failure = { cause: 'provider', message: 'no' } as const;
  expect(
    sent([
      { kind: 'upload-started', key: UPLOAD, file: 'f' },
      { kind: 'upload-failed', key: UPLOAD, failure, tookMs: 5 },
      { kind: 'upload-ready', key: UPLOAD, externalId: 'x', tookMs: 1234 },
    ]),
  ).toEqual(['nodepool.image_update.deb.east:1234|ms', 'nodepool.image_update.deb.east:1|c']);
});

describe('states', () => {
  const image = (name: string, changes: Partial<ImageSnapshot> = {}): [string, ImageSnapshot] => [
    name,
    {
      image: name,
      paused: false,
      buildRequestedAt: undefined,
      uploadRequests: new Map(),
      buildLocked: false,
      builds: new Map(),
      ...changes,
    },
  ];
  const wishes = (pauses: Readonly<Record<string, boolean>>, uploadPause = false): ImageWishes => ({
    images: new Map(Object.entries(pauses).map(([name, pause]) => [name, wish({ name, pause })])),
    providers: new Map([
      [
        'east',
        {
          name: 'east',
          format: 'qcow2',
          diskImages: new Map(Object.keys(pauses).map((name) => [name, { name, pause: uploadPause }])),
        },
      ],
    ]),
  });
  const work = (building: readonly string[] = [], uploading: readonly string[] = []) => ({
    hostname: 'nb01.example.org',
    isBuilding: (it: string) => building.includes(it),
    isUploading: (it: string) => uploading.includes(it),
  });

  function told(...args: [...(Parameters<typeof reportImages> extends [unknown, ...infer R] ? R : never)]): string[] {
    const lines: string[] = [];
    reportImages(new StatsdMetrics({ add: (it) => lines.push(...it) }), ...args);
    return lines;
  }

  test.each([
    ['idle', image('deb'), { deb: false }, false, work(), 0, 0],
    ['at work', image('deb'), { deb: false }, false, work(['deb'], ['deb']), 1, 2],
    ['paused in the tree', image('deb', { paused: true }), { deb: false }, false, work(), 3, 0],
    ['paused in the file', image('deb'), { deb: true }, false, work(), 3, 0],
    ['uploads paused', image('deb'), { deb: false }, true, work(), 0, 3],
  ])('%s', (_title, entry, pauses, uploadPause, hands, build, upload) => {
    const lines = told(new Map([entry]), wishes(pauses, uploadPause), hands);
    expect(lines).toEqual([
      `nodepool.builder.nb01.example.org.image.deb.build.state:${build}|g`,
      `nodepool.builder.nb01.example.org.image.deb.provider.east.upload.state:${upload}|g`,
      'nodepool.image.deb.image_build_requests:0|g',
      'nodepool.image_build_requests:0|g',
    ]);
  });

  test('requests count until somebody builds', () => {
    const images = new Map([
      image('a', { buildRequestedAt: 1 }),
      image('b', { buildRequestedAt: 1, buildLocked: true }),
      image('c', { buildRequestedAt: 2 }),
    ]);
    expect(told(images, wishes({}), work()).filter((it) => it.includes('requests'))).toEqual([
      'nodepool.image.a.image_build_requests:1|g',
      'nodepool.image.b.image_build_requests:0|g',
      'nodepool.image.c.image_build_requests:1|g',
      'nodepool.image_build_requests:2|g',
    ]);
  });

  test('an image that is gone is idle, once', () => {
    const lines: string[] = [];
    const metrics = new StatsdMetrics({ add: (it) => lines.push(...it) });
    reportImages(metrics, new Map([image('deb', { paused: true })]), wishes({ deb: false }), work());
    lines.length = 0;
    reportImages(metrics, new Map(), wishes({ deb: false }), work());
    expect(lines).toEqual([
      'nodepool.builder.nb01.example.org.image.deb.build.state:0|g',
      'nodepool.builder.nb01.example.org.image.deb.provider.east.upload.state:0|g',
      'nodepool.image.deb.image_build_requests:0|g',
      'nodepool.image_build_requests:0|g',
    ]);
  });
});

test('no name is used twice', () => {
  const all = Object.values(BUILDER_METRICS);
  for (const pick of ['statsd', 'prometheus'] as const) {
    const names = all.flatMap((it) => (pick in it ? [JSON.stringify(it[pick as keyof typeof it])] : []));
    expect(new Set(names).size).toBe(names.length);
  }
});
