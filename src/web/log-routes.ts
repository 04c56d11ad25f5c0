import { builderIdOf, builderOf, webUrlOf } from '../model/component-extras';
import type { BuildKey } from '../model/paths';
import type { Clock } from '../runtime/clock';
import type { Answer, Route, WebRequest } from './answer';
import { problem } from './answers';
import { BuildLogFile } from './build-log-file';
import { byteRange } from './byte-range';
import { followLog, type Outcome } from './follow-log';
import { Secrets } from './mask-bytes';
import type { SeenTree } from './seen-tree';

/** The logs that lie on this host. */
export interface LocalLogs {
  /** Of the builder whose logs they are. */
  readonly builderId: string;
  file(build: BuildKey): string;
  /** Values that must not be seen in the logs of an image. */
  secretsOf(image: string): Iterable<string>;
}

const LOG_TYPE = 'text/plain; charset=utf-8';
export const LOG_PATH = '/api/v1/builds/:image/:build/log';

/** Where a log lies, and what must not be seen of it. */
interface LogSource {
  readonly key: BuildKey;
  readonly file: string;
  readonly secrets: Secrets;
}

/** Logs of builds: those that lie here, and the way to the builder that has the others. */
export function logRoutes(tree: SeenTree, logs: LocalLogs | undefined, clock: Clock): Route[] {
  const route = (
    path: string,
    answer: (log: BuildLogFile, from: LogSource, request: WebRequest) => Promise<Answer>,
  ) => ({
    path,
    handle: async (request: WebRequest) => {
      const key = keyOf(request);
      if (key === undefined) return noSuchBuild();
      if (logs === undefined) return elsewhere(tree, undefined, key, request);
      const from = { key, file: logs.file(key), secrets: new Secrets(logs.secretsOf(key.image)) };
      await using log = await BuildLogFile.open(from.file, from.secrets);
      return log === undefined ? elsewhere(tree, logs, key, request) : await answer(log, from, request);
    },
  });
  return [
    route(LOG_PATH, logAnswer),
    route(`${LOG_PATH}/stream`, async (log, { key, file, secrets }, request) => {
      const offset = await firstOffset(log, request);
      const followed = {
        file,
        secrets,
        outcome: () => outcomeOf(tree, key),
        onChange: (listener: () => void) => tree.onChange((part) => part === 'images' && listener()),
      };
      return { kind: 'events', run: (out, signal) => followLog(followed, offset, out, clock, signal) };
    }),
  ];
}

/** The whole log, the part that `Range` names, or its last lines (`?tail=N`). */
async function logAnswer(log: BuildLogFile, from: LogSource, request: WebRequest): Promise<Answer> {
  const size = await log.size();
  const range = byteRange(request.headers.range, size);
  if (range.kind === 'unsatisfiable') {
    return problem(416, 'range-not-satisfiable', `the log has ${size} bytes`, { 'Content-Range': `bytes */${size}` });
  }
  const tail = numberOf(request.query.get('tail'));
  const isPart = range.kind === 'part' && tail === undefined;
  const start = tail !== undefined ? await log.startOfTail(tail, size) : isPart ? range.start : 0;
  const end = isPart ? range.end : size;
  return {
    kind: 'stream',
    status: isPart ? 206 : 200,
    type: LOG_TYPE,
    length: end - start,
    headers: {
      'Accept-Ranges': 'bytes',
      'X-Log-Size': String(size),
      ...(isPart ? { 'Content-Range': `bytes ${start}-${end - 1}/${size}` } : {}),
    },
    bytes: () => bytesOf(from, start, end),
  };
}

/** Opened here, so that it is closed here: an answer whose client has gone is never asked for its bytes. */
async function* bytesOf({ file, secrets }: LogSource, start: number, end: number): AsyncGenerator<Buffer> {
  await using log = await BuildLogFile.open(file, secrets);
  if (log !== undefined) yield* log.bytes(start, end);
}

/** Where a follower begins: where it was, at an offset, some lines before the end, or at the start. */
async function firstOffset(file: BuildLogFile, request: WebRequest): Promise<number> {
  const known = numberOf(request.headers['last-event-id']) ?? numberOf(request.query.get('offset'));
  if (known !== undefined) return known;
  const tail = numberOf(request.query.get('tail'));
  return tail === undefined ? 0 : file.startOfTail(tail, await file.size());
}

function numberOf(text: string | readonly string[] | null | undefined): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function keyOf({ params }: WebRequest): BuildKey | undefined {
  const [image = '', build = ''] = [params['image'], params['build']];
  const isName = image !== '.' && image !== '..' && !/[/\x00-\x1f]/.test(image);
  return isName && /^([0-9a-f]{32}|\d{10})$/.test(build) ? { image, build } : undefined;
}

/** Where the log may be: the builder says so of itself in the component registry. */
function elsewhere(tree: SeenTree, logs: LocalLogs | undefined, key: BuildKey, request: WebRequest): Answer {
  const record = tree.image(key.image)?.builds.get(key.build)?.record;
  if (record === undefined) return noSuchBuild();
  if (logs !== undefined && record.builderId === logs.builderId) {
    return problem(404, 'no-log', 'the log of this build is not here any more');
  }
  const builder = builderOf(
    tree.builders().filter((it) => logs === undefined || builderIdOf(it.component) !== logs.builderId),
    record,
  );
  const url = builder === undefined ? undefined : webUrlOf(builder.component);
  if (url === undefined) {
    const message = `the log is on the builder ${record.builder ?? 'that made it'}, which serves no HTTP`;
    return problem(404, 'no-log', message);
  }
  const query = request.query.size === 0 ? '' : `?${request.query.toString()}`;
  const path = request.path.replace(/^\/*/, '/');
  return problem(307, 'elsewhere', 'the log is on another host', { Location: `${url}${path}${query}` });
}

function noSuchBuild(): Answer {
  return problem(404, 'no-such-build', 'there is no such build, or no log of it');
}

/** Undefined while nobody knows, also while ZooKeeper is away. */
function outcomeOf(tree: SeenTree, key: BuildKey): Outcome | undefined {
  if (tree.sight('images') !== 'fresh') return undefined;
  const build = tree.image(key.image)?.builds.get(key.build);
  if (build === undefined) return 'gone';
  const state = build.record?.state;
  return state === undefined || state === 'building' ? undefined : state;
}
