import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc } from '../../support/property';
import { builderExtras } from '../../../src/model/component-extras';
import { newBuild } from '../../../src/model/image-records';
import { buildPath, type BuildKey } from '../../../src/model/paths';
import type { Component } from '../../../src/model/records';
import { systemClock } from '../../../src/runtime/clock';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { ImageClaim, Store } from '../../../src/store/api';
import { openStore } from '../../../src/store/store';
import { BUILDER_PARTS, builderRoutes } from '../../../src/web/builder-routes';
import { launcherRoutes } from '../../../src/web/launcher-routes';
import { Secrets, secretValues } from '../../../src/web/mask-bytes';
import { SeenTree } from '../../../src/web/seen-tree';
import { startWeb, type WebServer } from '../../../src/web/server';
import { byteRange } from '../../../src/web/byte-range';
import { never, World } from '../store/world';
import { ask, EventReader } from './fetch';

/** A builder that serves logs, and a launcher beside it. */
class LogWorld {
  readonly world = new World();
  readonly folder = mkdtempSync(join(tmpdir(), 'nodepool-web-logs-'));
  readonly #closers: (() => unknown)[] = [];
  store!: Store;
  builder!: WebServer;
  launcher!: WebServer;
  key!: BuildKey;
  claim!: ImageClaim;

  static async open(): Promise<LogWorld> {
    const it = new LogWorld();
    const zk = await it.world.connect();
    it.store = openStore(zk, it.world.tools(zk));
    const logs = {
      builderId: 'me',
      file: ({ image, build }: BuildKey) => join(it.folder, `${image}-${build}.log`),
      secretsOf: () => ['hunter2', 'first line\nsecond line'],
    };
    const options = {
      version: null,
      phase: () => 'running' as const,
      clock: systemClock,
      log: silentLogger,
      random: seededRandom(3),
    };
    const builderTree = new SeenTree(it.store, BUILDER_PARTS);
    it.builder = await serve(builderRoutes(builderTree, { ...options, logs, waits: () => [] }));
    const launcherTree = new SeenTree(it.store);
    it.launcher = await serve(launcherRoutes(launcherTree, options));
    await it.store.components.register<Component>({
      kind: 'builder',
      hostname: 'nb01',
      state: 'running',
      version: null,
      modelApi: 0,
      unknown: builderExtras({ builderId: 'me', webUrl: it.builder.url }),
    });
    it.claim = (await it.store.images.claimImage('deb', never))!;
    const build = newBuild({ builder: 'nb01.example.org', builderId: 'me', formats: [], stateTime: 5 });
    const created = await it.claim.createBuild(build);
    it.key = created.key;
    it.#closers.push(() => (builderTree.close(), launcherTree.close()));
    await it.settled();
    return it;
  }

  get file(): string {
    return join(this.folder, `deb-${this.key.build}.log`);
  }

  path(key: BuildKey = this.key): string {
    return `/api/v1/builds/${key.image}/${key.build}/log`;
  }

  url(more = ''): string {
    return `${this.builder.url}${this.path()}${more}`;
  }

  async settled(): Promise<void> {
    await Promise.all([this.store.images.view().settled(), this.store.components.view().settled()]);
    await Promise.resolve();
  }

  async finish(state: 'ready' | 'failed'): Promise<void> {
    const before = (await this.store.images.getBuild(this.key))!;
    await this.claim.writeBuild(this.key, before, { state });
  }

  async close(): Promise<void> {
    await this.claim.release();
    await this.builder.close();
    await this.launcher.close();
    for (const close of this.#closers) await close();
    await this.store.close();
    await this.world.close();
    rmSync(this.folder, { recursive: true });
  }
}

const serve = (routes: ReturnType<typeof launcherRoutes>) =>
  startWeb({ port: 0, listenAddress: '127.0.0.1', routes }, { clock: systemClock, log: silentLogger });

let it_: LogWorld;
beforeEach(async () => {
  it_ = await LogWorld.open();
});
afterEach(() => it_.close());

describe('a log', () => {
  test.each([
    [{}, '', 200, 'one\ntwo\nthree\n', undefined],
    [{ range: 'bytes=4-6' }, '', 206, 'two', 'bytes 4-6/14'],
    [{ range: 'bytes=8-' }, '', 206, 'three\n', 'bytes 8-13/14'],
    [{ range: 'bytes=-6' }, '', 206, 'three\n', 'bytes 8-13/14'],
    [{ range: 'bytes=8-1000' }, '', 206, 'three\n', 'bytes 8-13/14'],
    [{ range: 'bytes=0-1, 3-4' }, '', 200, 'one\ntwo\nthree\n', undefined],
    [{}, '?tail=2', 200, 'two\nthree\n', undefined],
    [{}, '?tail=0', 200, '', undefined],
    [{}, '?tail=99', 200, 'one\ntwo\nthree\n', undefined],
  ])('%j %s', async (headers, query, status, text, range) => {
    writeFileSync(it_.file, 'one\ntwo\nthree\n');
    const reply = await ask(it_.url(query), { headers: headers as Record<string, string> });
    expect([reply.status, reply.text, reply.headers['content-range'], reply.headers['x-log-size']]).toEqual([
      status,
      text,
      range,
      '14',
    ]);
    const head = await ask(it_.url(query), { method: 'HEAD', headers: headers as Record<string, string> });
    expect([head.status, head.headers['content-length'], head.text]).toEqual([status, String(text.length), '']);
  });

  test('says how long it is when a range lies beyond', async () => {
    writeFileSync(it_.file, 'one\n');
    const { status, headers } = await ask(it_.url(), { headers: { range: 'bytes=4-' } });
    expect([status, headers['content-range']]).toEqual([416, 'bytes */4']);
  });

  test('of many megabytes comes whole', async () => {
    const line = `${'x'.repeat(99)}\n`;
    writeFileSync(it_.file, line.repeat(50_000));
    const { body } = await ask(it_.url());
    expect([body.length, body.toString() === line.repeat(50_000)]).toEqual([5_000_000, true]);
    expect((await ask(it_.url('?tail=3'))).text).toBe(line.repeat(3));
  });

  test('does not show secrets, wherever a piece is cut', async () => {
    const text = 'a hunter2 b\nsecond line, first line\nhunt';
    writeFileSync(it_.file, text);
    const shown = (await ask(it_.url())).text;
    expect(shown).toBe('a ******* b\n***********, **********\n****');
    for (let at = 0; at < text.length; at += 1) {
      const reply = await ask(it_.url(), { headers: { range: `bytes=${at}-${at + 4}` } });
      expect(reply.text).toBe(shown.slice(at, at + 5));
    }
  });

  test.each([
    '/api/v1/builds/deb/0123/log',
    `/api/v1/builds/..%2F..%2Fetc/${'0'.repeat(32)}/log`,
    `/api/v1/builds/%2E%2E/${'0'.repeat(32)}/log`,
    `/api/v1/builds/deb/${'0'.repeat(32)}/log`,
    `/api/v1/builds/deb/${'0'.repeat(32)}/log/stream`,
  ])('%s is none', async (path) => {
    expect((await ask(it_.builder.url + path)).status).toBe(404);
    expect((await ask(it_.launcher.url + path)).status).toBe(404);
  });

  test('is found by way of a launcher, which knows the builder', async () => {
    writeFileSync(it_.file, 'one\n');
    for (const more of ['', '?tail=5', '/stream']) {
      const { status, headers } = await ask(`${it_.launcher.url}${it_.path()}${more}`);
      expect([status, headers.location]).toEqual([307, it_.url(more)]);
    }
  });

  test('that its own builder does not have is nowhere', async () => {
    const reply = await ask(it_.url());
    expect([reply.status, reply.text]).toEqual([404, expect.stringContaining('"no-log"')]);
  });
});

describe('a log that is followed', () => {
  const offsetOf = (text: string) => String(Buffer.byteLength(text));

  test('comes line by line as it grows, and ends with the outcome', async () => {
    writeFileSync(it_.file, 'one\ntw');
    const events = await EventReader.open(it_.url('/stream'));
    expect(await events.next()).toEqual({ event: 'log', id: offsetOf('one\n'), data: 'one' });
    appendFileSync(it_.file, 'o\nthree\nfo');
    expect(await events.next()).toEqual({ event: 'log', id: offsetOf('one\ntwo\nthree\n'), data: 'two\nthree' });
    await it_.finish('failed');
    expect(await events.next()).toEqual({ event: 'log', id: '16', data: 'fo' });
    expect(await events.next()).toEqual({ event: 'end', id: '16', data: '{"outcome":"failed","offset":16}' });
    expect(await events.next()).toBeUndefined();
  });

  test('goes on where a client was, by id, by offset, or some lines before the end', async () => {
    writeFileSync(it_.file, 'one\ntwo\nthree\n');
    await it_.finish('ready');
    await it_.settled();
    const seen = async (query: string, headers = {}) => {
      const events = await EventReader.open(it_.url(`/stream${query}`), headers);
      return (await events.until('end')).map((it) => it.data);
    };
    const end = '{"outcome":"ready","offset":14}';
    expect(await seen('', { 'last-event-id': '4' })).toEqual(['two\nthree', end]);
    expect(await seen('?offset=8')).toEqual(['three', end]);
    expect(await seen('?tail=2')).toEqual(['two\nthree', end]);
    expect(await seen('?offset=14')).toEqual([end]);
  });

  test.each([
    ['emptied', (file: string) => (truncateSync(file, 0), appendFileSync(file, 'new\n'))],
    [
      'replaced by one that is longer',
      (file: string) => (writeFileSync(`${file}.new`, 'new\nnew\nnew\nnew\nnew\n'), renameSync(`${file}.new`, file)),
    ],
  ])('is told anew when it is %s', async (_title, change) => {
    writeFileSync(it_.file, 'one\ntwo\n');
    const events = await EventReader.open(it_.url('/stream'));
    expect(await events.next()).toMatchObject({ data: 'one\ntwo' });
    change(it_.file);
    expect(await events.next()).toMatchObject({ event: 'truncated', id: '0' });
    expect((await events.next())?.data).toMatch(/^new/);
    await it_.finish('ready');
    expect((await events.until('end')).at(-1)!.data).toContain('"ready"');
  });

  test('waits while ZooKeeper is away, since nobody knows the outcome', async () => {
    writeFileSync(it_.file, 'one\n');
    const events = await EventReader.open(it_.url('/stream'));
    await events.next();
    it_.world.server.suspend(it_.store.zk);
    appendFileSync(it_.file, 'two\n');
    expect(await events.next()).toMatchObject({ event: 'log', data: 'two' });
    it_.world.server.resume(it_.store.zk);
    await it_.settled();
    await it_.finish('ready');
    expect((await events.until('end')).at(-1)!.data).toContain('"ready"');
  });

  test('ends when its build is gone', async () => {
    writeFileSync(it_.file, 'one\n');
    const events = await EventReader.open(it_.url('/stream'));
    await events.next();
    await it_.store.zk.delete(buildPath(it_.key));
    expect((await events.until('end')).at(-1)!.data).toContain('"gone"');
  });

  test('shows no secret, however it was written', async () => {
    writeFileSync(it_.file, 'a hun');
    const events = await EventReader.open(it_.url('/stream'));
    appendFileSync(it_.file, 'ter2 b\nhunt');
    expect(await events.next()).toMatchObject({ data: 'a ******* b' });
    appendFileSync(it_.file, 'er2\n');
    expect(await events.next()).toMatchObject({ data: '*******' });
    events.close();
  });

  test.each(['x', 'é', '中', '😀'])('comes whole, a line of megabytes of %s too', async (letter) => {
    const text = `${letter.repeat(1_000_000)}\n${'short\n'.repeat(1000)}`;
    writeFileSync(it_.file, text);
    await it_.finish('ready');
    await it_.settled();
    const events = await EventReader.open(it_.url('/stream'));
    const seen = await events.until('end');
    const pieces = seen.slice(0, -1).map((it) => it.data);
    expect(pieces.join('').replace(/[\ns-uhor]/g, '') === letter.repeat(1_000_000)).toBe(true);
    expect(Math.max(...pieces.map((it) => Buffer.byteLength(it)))).toBeLessThanOrEqual(64 * 1024);
    expect(seen.at(-1)!.data).toContain(`"offset":${Buffer.byteLength(text)}`);
  });
});

test.each([
  [undefined, 10, { kind: 'whole' }],
  ['bytes=0-0', 10, { kind: 'part', start: 0, end: 1 }],
  ['bytes=9-9', 10, { kind: 'part', start: 9, end: 10 }],
  ['bytes=10-', 10, { kind: 'unsatisfiable' }],
  ['bytes=-0', 10, { kind: 'unsatisfiable' }],
  ['bytes=-20', 10, { kind: 'part', start: 0, end: 10 }],
  ['bytes=-1', 0, { kind: 'unsatisfiable' }],
  ['bytes=5-4', 10, { kind: 'whole' }],
  ['bytes=-', 10, { kind: 'whole' }],
  ['lines=1-2', 10, { kind: 'whole' }],
])('the range %s of %d bytes', (header, size, expected) => {
  expect(byteRange(header, size)).toEqual(expected);
});

test('masking keeps lengths and leaves no secret', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 4, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), fc.array(word, { maxLength: 6 }), (secrets, words) => {
      const text = [...words, ...secrets].join('-');
      const bytes = Buffer.from(text);
      new Secrets(secrets).mask(bytes);
      expect(bytes.length).toBe(Buffer.byteLength(text));
      for (const it of secrets) expect(bytes.includes(it)).toBe(false);
    }),
  );
});

test.each([
  [{ DIB_DEV_USER_PASSWORD: 'short' }, ['short']],
  [{ DIB_RELEASE: 'jammy', DIB_DISTRIBUTION_MIRROR: 'http://mirror.example.org/ubuntu' }, []],
  [{ MIRROR: 'https://me:hunter2@mirror.example.org' }, ['hunter2']],
  [{ WHATEVER: 'ghp_0123456789abcdefABCDEF' }, ['ghp_0123456789abcdefABCDEF']],
  [{ AN_API_KEY: 'x' }, ['x']],
])('of %j are secret: %j', (variables, expected) => {
  expect(secretValues(variables as unknown as Record<string, string>)).toEqual(expected);
});
