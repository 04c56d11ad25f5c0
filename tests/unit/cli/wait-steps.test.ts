import { PassThrough } from 'node:stream';
import { barText, StepDisplay } from '../../../src/cli/wait-build/display';
import { type WaitFacts, waitSteps } from '../../../src/cli/wait-build/steps';
import { RawJson } from '../../../src/model/json';
import type { ImageEntry } from '../../../src/store/api';
import { FakeClock } from '../../support/fake-clock';
import { build, buildId, image, upload, withUploads } from '../../support/image-world';

const entry = (...args: Parameters<typeof image>) => image(...args) as unknown as ImageEntry;
const facts = (change: Partial<WaitFacts> = {}): WaitFacts => ({
  image: entry(),
  before: new Set(),
  unpause: 'nodepool image-unpause deb',
  providers: ['east', 'west'],
  progress: new Map(),
  builders: 1,
  ...change,
});
const asked = { buildRequestedAt: 5 };
const ready = build(7);
const east = upload(ready.key, 'east', 1);
const west = (state: 'uploading' | 'failed' | 'ready') => upload(ready.key, 'west', 1, { state });
const failure = RawJson.of({ cause: 'tool', message: 'exit code 1' });

test.each<[string, Partial<WaitFacts>, string[], 0 | 1 | undefined]>([
  ['asked for', { image: entry([], asked) }, ['running: waiting for a builder'], undefined],
  ['nobody there', { image: entry([], asked), builders: 0 }, ['running: no builder is running'], undefined],
  [
    'paused',
    { image: entry([], { ...asked, paused: true }) },
    ['running: the image is paused; to go on: nodepool image-unpause deb'],
    undefined,
  ],
  [
    'another build first, which does not count',
    { image: entry([build(1, { state: 'building' })], { ...asked, buildLocked: true }), before: new Set([buildId(1)]) },
    ['running: another build of the image is running'],
    undefined,
  ],
  ['building', { image: entry([build(7, { state: 'building' })]) }, ['done: ', `running: ${buildId(7)}`], undefined],
  [
    'failed',
    { image: entry([build(7, { state: 'failed', unknown: { failure } })]) },
    ['done: ', `failed: ${buildId(7)} tool: exit code 1`],
    1,
  ],
  [
    'failed at a Python builder, which says nothing',
    { image: entry([build(7, { state: 'failed' })]) },
    ['done: ', `failed: ${buildId(7)} failed`],
    1,
  ],
  [
    'being deleted',
    { image: entry([build(7, { state: 'deleting' })]) },
    ['done: ', `failed: ${buildId(7)} is being deleted`],
    1,
  ],
  ['no provider to wait for', { image: entry([ready]), providers: [] }, ['done: ', `done: ${buildId(7)} qcow2`], 0],
  [
    'one uploaded, one running',
    { image: entry([withUploads(ready, [east, west('uploading')])]) },
    ['done: ', `done: ${buildId(7)} qcow2`, 'done: name', 'running: '],
    undefined,
  ],
  [
    'one uploaded, one not begun',
    { image: entry([withUploads(ready, [east])]) },
    ['done: ', `done: ${buildId(7)} qcow2`, 'done: name', 'waiting: '],
    undefined,
  ],
  [
    'one uploaded, one failed',
    { image: entry([withUploads(ready, [east, west('failed')])]) },
    [
      'done: ',
      `done: ${buildId(7)} qcow2`,
      'done: name',
      'failed: failed; the builder will try again, its log says why',
    ],
    1,
  ],
  [
    'all uploaded',
    { image: entry([withUploads(ready, [east, west('ready')])]) },
    ['done: ', `done: ${buildId(7)} qcow2`, 'done: name', 'done: name'],
    0,
  ],
  [
    'of two new builds the newer counts',
    { image: entry([ready, build(9, { state: 'building' })]) },
    ['done: ', `running: ${buildId(9)}`],
    undefined,
  ],
])('%s', (_title, change, steps, status) => {
  const found = waitSteps(facts(change));
  expect(found.steps.map((it) => `${it.state}: ${it.detail}`)).toEqual(steps);
  expect(found.status).toBe(status);
});

test.each([
  [{ bytesDone: 0, bytesTotal: 100 }, '[--------------------]   0 %  0 B of 100 B'],
  [{ bytesDone: 512, bytesTotal: 1024 }, '[##########----------]  50 %  512 B of 1.0 KiB'],
  [{ bytesDone: 2 ** 31, bytesTotal: 2 ** 31 }, '[####################] 100 %  2.0 GiB of 2.0 GiB'],
  [{ bytesDone: 5, bytesTotal: 0 }, '5 B'],
])('%j', (progress, text) => {
  expect(barText(progress)).toBe(text);
});

describe('shown', () => {
  const running = { stage: 'uploading', bytesDone: 1, bytesTotal: 4 } as const;
  const about = { id: 'u', title: 'uploading to east' };

  test('a line when a step begins, every ten seconds while it moves, and when it ends, with its time', async () => {
    const clock = new FakeClock(0);
    const out = new PassThrough();
    const display = new StepDisplay(out, clock);
    const show = () => display.show([{ ...about, state: 'running', detail: '', progress: running }]);
    display.show([{ ...about, state: 'waiting', detail: '' }]);
    show();
    await clock.advance(9_000);
    show();
    await clock.advance(1_000);
    show();
    await clock.advance(51_000);
    display.show([{ ...about, state: 'done', detail: 'name' }]);
    display.show([{ ...about, state: 'done', detail: 'name' }]);
    expect(String(out.read())).toBe(
      [
        '.. 00:00:00  uploading to east  [#####---------------]  25 %  1 B of 4 B',
        '.. 00:00:10  uploading to east  [#####---------------]  25 %  1 B of 4 B',
        'ok 00:01:01  uploading to east  name',
        '',
      ].join('\n'),
    );
  });

  test('on a terminal the block is drawn over itself', () => {
    const out = Object.assign(new PassThrough(), { isTTY: true, columns: 60 });
    const display = new StepDisplay(out, new FakeClock(0));
    const steps = [{ ...about, state: 'running', detail: 'x'.repeat(100) }] as const;
    display.show(steps);
    out.read();
    display.show(steps);
    const text = String(out.read());
    expect(text.startsWith('\x1b[1A\r\x1b[2K.. 00:00:00')).toBe(true);
    expect(text.split('\n')[0]!.length).toBeLessThan(60 + 12);
  });
});
