import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext, Script } from 'node:vm';
import { metricsRoute } from '../../../src/web/metrics-route';
import { FakeClock } from '../../support/fake-clock';
import { ask } from './fetch';
import { WebWorld } from './web-world';

let web: WebWorld;
let page: string;
let policy: string;
beforeEach(async () => {
  const metrics = metricsRoute({ exposition: () => Promise.resolve({ type: 'text/plain', text: '' }) });
  web = await WebWorld.open('12-min-ready-node-ready', new FakeClock(), () => [metrics]);
  const reply = await ask(web.url('/'));
  expect([reply.status, reply.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  page = reply.text;
  policy = reply.headers['content-security-policy'] as string;
});
afterEach(() => web.close());

const inside = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(page)![1]!;

test('runs its own script and style and nothing else', () => {
  for (const name of ['script', 'style']) {
    const hash = createHash('sha256').update(inside(name)).digest('base64');
    expect(policy).toContain(`${name}-src 'sha256-${hash}'`);
    expect(page.split(`<${name}`)).toHaveLength(2);
  }
  expect(policy).toMatch(/^default-src 'none';.*connect-src 'self'/);
  expect(page).not.toMatch(/\son\w+=|style="|https?:|innerHTML|insertAdjacentHTML|document\.write|eval\(/);
  expect(() => new Script(inside('script'))).not.toThrow();
});

test('names for those who hear the page: what labels a thing is there, and every part, field and sign has a name', () => {
  const named = [...page.matchAll(/aria-(?:labelledby|describedby)="([^"]+)"/g)].map((it) => it[1]!);
  for (const id of named) expect(page.split(`id="${id}"`)).toHaveLength(2);
  const parts = page.match(
    /<(?:section|dialog|select|pre)[^>]*>|<input(?![^>]*checkbox)[^>]*>|<button[^>]*>[^<\w]+</g,
  )!;
  expect(parts.length).toBeGreaterThan(9);
  expect(parts.filter((it) => !/aria-label(?:ledby)?="/.test(it))).toEqual([]);
});

test('every column of a table has a heading, be it only to be heard', () => {
  const headings = [...page.matchAll(/(?:\btable\(|const headings = )\[([^\]]*)\]/g)].map((it) => it[1]!);
  expect(headings.length).toBeGreaterThan(5);
  expect(headings.filter((it) => /''/.test(it))).toEqual([]);
  expect(headings.filter((it) => it.includes("heard('"))).toHaveLength(5);
});

test('asks for nothing that is not served', async () => {
  const paths = [...page.matchAll(/read\(\s*'([^']+)'|EventSource\(\s*'([^']+)'|href="([^"]+)"/g)]
    .map((it) => it[1] ?? it[2] ?? it[3]!)
    .filter((it) => it !== 'data:,');
  expect(paths.length).toBeGreaterThan(8);
  for (const path of paths) {
    expect([path, (await ask(web.url(`/${path}`), { method: 'HEAD' })).status]).toEqual([path, 200]);
  }
});

const pool = (pool_id: string, labels: readonly string[], paused = false) => ({
  pool_id,
  provider: pool_id,
  pool: 'main',
  labels,
  paused,
});
const POOLS = [pool('a', ['small', 'large']), pool('b', ['small'], true), pool('a', ['small', 'large'])];

test.each([
  [{ labels: ['small'] }, 'queued', 'for a / main'],
  [{ labels: ['small'], declined_by: ['a'] }, 'full', 'no room in b / main'],
  [{ labels: ['small'], declined_by: ['a', 'b'] }, 'declined', 'by all pools that have its labels'],
  [{ labels: ['large', 'huge'] }, 'unserved', 'no pool has all its labels'],
  [{ state: 'pending', locked: true, labels: ['large'] }, 'in progress', 'a pool is at it'],
  [{ state: 'pending', locked: true, labels: ['small'] }, 'in progress', 'a pool is at it; b / main waits for room'],
  [{ state: 'pending', locked: false }, 'abandoned', 'its launcher is gone, the next one takes it over'],
  [{ broken: 'not JSON' }, 'unreadable', 'not JSON'],
])('of %j it says %s', (request, word, text) => {
  const script = readFileSync(join(__dirname, '../../../etc/dashboard/requests.js'), 'utf8');
  const why = runInNewContext(`${script}; whyItWaits`, { setInterval: () => undefined }) as (
    request: object,
    pools: readonly object[],
  ) => { word: string; text: string };
  expect(why({ state: 'requested', ...request }, POOLS)).toMatchObject({ word, text });
});
