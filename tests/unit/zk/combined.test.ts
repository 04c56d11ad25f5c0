import type { Op, OpResult, ZooKeeper } from '../../../src/zk/client';
import { combiningZooKeeper } from '../../../src/zk/combined';
import { ZkError } from '../../../src/zk/errors';

interface Sent {
  readonly ops: readonly Op[];
  succeed(): void;
  fail(error: Error): void;
}

/** A server that answers when it is told to. */
function server() {
  const sent: Sent[] = [];
  const transaction = (ops: readonly Op[]) =>
    new Promise<readonly OpResult[]>((resolve, reject) => {
      const succeed = () => resolve(ops.map((it) => ({ op: 'create' as const, path: `made ${it.path}` })));
      sent.push({ ops, succeed, fail: reject });
    });
  const zk = combiningZooKeeper({ transaction } as unknown as ZooKeeper);
  return { zk, sent, paths: () => sent.map((it) => it.ops.map(({ path }) => path)) };
}

const make = (...paths: readonly string[]): Op[] =>
  paths.map((path) => ({ op: 'create', path, data: Buffer.alloc(0), mode: 'persistent' }));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Two are on their way, and the ones of `waiting` behind them. */
async function behindTwo(...waiting: readonly (readonly Op[])[]) {
  const it = server();
  const first: Promise<readonly OpResult[]>[] = [];
  for (const path of ['/1', '/2']) {
    first.push(it.zk.transaction(make(path)));
    await turn();
  }
  const outcomes = waiting.map((ops) => it.zk.transaction(ops));
  await turn();
  return { ...it, first, outcomes };
}

const createdPaths = (results: readonly OpResult[]) => results.map((it) => (it.op === 'create' ? it.path : it.op));

test('what is asked for in one turn of the event loop goes as one, and a lone one does not wait for company', async () => {
  const { zk, sent, paths } = server();
  const outcomes = [zk.transaction(make('/a', '/b')), Promise.resolve().then(() => zk.transaction(make('/c')))];
  await turn();
  expect(paths()).toEqual([['/a', '/b', '/c']]);
  const lone = zk.transaction(make('/d'));
  await turn();
  expect(paths().slice(1)).toEqual([['/d']]);
  for (const it of sent) it.succeed();
  expect((await Promise.all(outcomes)).map(createdPaths)).toEqual([['made /a', 'made /b'], ['made /c']]);
  expect(createdPaths(await lone)).toEqual(['made /d']);
});

test('what is asked for while two are on their way goes as one, and each hears of its own steps', async () => {
  const { sent, paths, outcomes } = await behindTwo(make('/a', '/b'), make('/c'));
  expect(paths()).toEqual([['/1'], ['/2']]);
  sent[0]!.succeed();
  await turn();
  expect(paths()[2]).toEqual(['/a', '/b', '/c']);
  sent[2]!.succeed();
  expect((await Promise.all(outcomes)).map(createdPaths)).toEqual([['made /a', 'made /b'], ['made /c']]);
});

test('one that fails alone hears of it, by its own steps; the others are sent again without it', async () => {
  const { sent, paths, outcomes } = await behindTwo(make('/a', '/b'), make('/c', '/d'), make('/e'));
  sent[0]!.succeed();
  await turn();
  sent[2]!.fail(new ZkError('NODE_EXISTS', '/d', 3));
  await expect(outcomes[1]).rejects.toMatchObject({ code: 'NODE_EXISTS', path: '/d', failedOp: 1 });
  expect(paths().slice(3)).toEqual([['/a', '/b', '/e']]);
  sent[3]!.succeed();
  expect(createdPaths((await outcomes[0])!)).toEqual(['made /a', 'made /b']);
  expect(createdPaths((await outcomes[2])!)).toEqual(['made /e']);
});

test.each([
  ['the same znode', '/a', true],
  ['a znode below', '/a/b', true],
  ['the znode above', '/dir', true],
  ['another znode', '/b', false],
])('%s as one that may have to be sent again waits for that', async (_title, path, waits) => {
  const { zk, sent, paths, first, outcomes } = await behindTwo(make('/dir/a', '/a'), make('/c'));
  for (const it of sent) it.succeed();
  await Promise.all(first);
  expect(paths().slice(2)).toEqual([['/dir/a', '/a', '/c']]);
  const later = zk.transaction(make(path));
  await turn();
  expect(paths().slice(3)).toEqual(waits ? [] : [[path]]);
  sent[2]!.fail(new ZkError('NODE_EXISTS', '/c', 2));
  await expect(outcomes[1]).rejects.toMatchObject({ code: 'NODE_EXISTS' });
  const again = ['/dir/a', '/a'];
  expect(paths().slice(3)).toEqual(waits ? [again, [path]] : [[path], again]);
  for (const it of sent.slice(3)) it.succeed();
  await Promise.all([outcomes[0], later]);
});

test('where one after the other fails, the rest goes each for itself, and each hears of its own failure alone', async () => {
  const names = ['/a', '/b', '/c', '/d', '/e'];
  const { sent, paths, outcomes } = await behindTwo(...names.map((it) => make(it)));
  sent[0]!.succeed();
  await turn();
  for (const [index, path] of ['/a', '/b', '/c'].entries()) {
    sent[2 + index]!.fail(new ZkError('NODE_EXISTS', path, 0));
    await expect(outcomes[index]).rejects.toMatchObject({ code: 'NODE_EXISTS', path, failedOp: 0 });
  }
  expect(paths().slice(2)).toEqual([names, names.slice(1), names.slice(2), ['/d'], ['/e']]);
  sent[5]!.succeed();
  sent[6]!.succeed();
  expect((await Promise.all(outcomes.slice(3))).map(createdPaths)).toEqual([['made /d'], ['made /e']]);
});

test('a lost link is told to all of them, and nothing is sent again', async () => {
  const { sent, outcomes } = await behindTwo(make('/a'), make('/b'));
  sent[0]!.succeed();
  await turn();
  sent[2]!.fail(new ZkError('CONNECTION_LOSS'));
  for (const it of outcomes) await expect(it).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
  expect(sent).toHaveLength(3);
});

test.each([
  ['the same znode', make('/a'), make('/a'), false],
  ['different znodes', make('/a'), make('/b'), true],
  [
    'the same prefix of names that the server completes',
    [{ op: 'create', path: '/n/', data: Buffer.alloc(0), mode: 'persistent-sequential' } as Op],
    [{ op: 'create', path: '/n/', data: Buffer.alloc(0), mode: 'persistent-sequential' } as Op],
    true,
  ],
  ['more bytes than one request should have', [big('/a')], [big('/b')], false],
])('%s: together or one after the other, in order', async (_title, one, other, together) => {
  const { sent, paths } = await behindTwo(one, other);
  sent[0]!.succeed();
  await turn();
  const expected = [one, other].map((ops) => ops.map(({ path }) => path));
  expect(paths().slice(2)).toEqual(together ? [expected.flat()] : [expected[0]]);
  sent[1]!.succeed();
  await turn();
  expect(paths().slice(2).flat()).toEqual(expected.flat());
});

test('one with a patience of its own goes alone', async () => {
  const { zk, paths } = await behindTwo();
  void zk.transaction(make('/a'), { deadlineMs: 10 });
  expect(paths()).toEqual([['/1'], ['/2'], ['/a']]);
});

function big(path: string): Op {
  return { op: 'set', path, data: Buffer.alloc(200 * 1024) };
}
