import type { BuilderEvent } from '../../../src/builder/events';
import { BuilderTraces } from '../../../src/builder/trace-events';
import { RecordedTracing } from '../../support/recorded-tracing';

const key = { image: 'deb', build: '0'.repeat(32) };
const upload = { ...key, provider: 'east', upload: '0000000001' };
const started: BuilderEvent = { kind: 'build-started', key, reasons: ['missing'], log: '' };
const ready: BuilderEvent = { kind: 'build-ready', key, formats: ['raw'], bytes: {}, tookMs: 1 };
const failure = { cause: 'tool', message: 'exit status 3', exitCode: 3 } as const;
const uploading: BuilderEvent = { kind: 'upload-started', key: upload, file: '' };
const uploaded: BuilderEvent = { kind: 'upload-ready', key: upload, externalId: 'i-1', tookMs: 1 };

function told(...events: readonly BuilderEvent[]): string[] {
  const tracing = new RecordedTracing();
  const traces = new BuilderTraces(tracing);
  for (const it of events) traces.onEvent(it);
  traces.close();
  expect(tracing.open()).toEqual([]);
  return tracing.lines();
}

test.each<[string, readonly BuilderEvent[], readonly string[]]>([
  ['a build', [started, ready], ['build image']],
  [
    'a build that fails',
    [started, { kind: 'build-failed', image: 'deb', key, failure, tookMs: 1 }],
    ['build image failed: exit status 3'],
  ],
  ['one that never began', [{ kind: 'build-failed', image: 'deb', failure }], []],
  ['a build that is stopped', [started], ['build image failed: the builder stops']],
  ['its upload is a part of it', [started, ready, uploading, uploaded], ['build image', '  upload image']],
  ['an upload of a build made elsewhere', [uploading, uploaded], ['upload image']],
  [
    'one that is checked',
    [uploading, { kind: 'upload-validating', key: upload }, uploaded],
    ['upload image', '  validate image'],
  ],
  [
    'one whose check fails',
    [
      uploading,
      { kind: 'upload-validating', key: upload },
      { kind: 'upload-failed', key: upload, failure: { cause: 'validation', message: 'no boot' }, tookMs: 1 },
    ],
    ['upload image failed: no boot', '  validate image failed: no boot'],
  ],
])('%s', (_title, events, lines) => {
  expect(told(...events)).toEqual(lines);
});
