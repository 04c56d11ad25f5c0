import { Activities, activities } from '../../../src/runtime/activities';
import { listed } from '../../../src/runtime/tracing/span-activity';
import { noSpan } from '../../../src/runtime/tracing/tracing';

test('lists what goes on, the oldest first, with where it is and since when', async () => {
  let now = 0;
  const list = new Activities(() => now);
  const lock = list.begin('lock', { path: '/a' });
  now = 10;
  let release = () => undefined as void;
  const work = list.track('job', { job: 'deb' }, async (it) => {
    it.step('builds');
    await new Promise<void>((done) => (release = done));
  });
  now = 25;
  expect(list.list()).toEqual([
    { name: 'lock', fields: { path: '/a' }, step: undefined, forMs: 25, stepForMs: 25 },
    { name: 'job', fields: { job: 'deb' }, step: 'builds', forMs: 15, stepForMs: 15 },
  ]);
  lock.end();
  lock.end();
  release();
  await work;
  expect(list.list()).toEqual([]);
});

test('work that fails is listed no longer', async () => {
  const list = new Activities();
  await expect(list.track('job', {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(list.list()).toEqual([]);
});

test('a span and its parts are listed until they end, parts with what is said of the whole', () => {
  const span = listed(noSpan, 'serve request', { 'nodepool.request': '200-1' });
  const part = span.child('launch node', { 'nodepool.node': '7' });
  span.event('waits for room');
  const shown = () => activities.list().map(({ name, fields, step }) => ({ name, fields, step }));
  expect(shown()).toEqual([
    { name: 'serve request', fields: { request: '200-1' }, step: 'waits for room' },
    { name: 'launch node', fields: { request: '200-1', node: '7' }, step: undefined },
  ]);
  part.end();
  span.end();
  expect(shown()).toEqual([]);
});
