import { ChildProcess } from 'node:child_process';

/**
 * Runs in every test file: when its tests are over, nothing that keeps a process alive may be left: no socket, server,
 * timer or child process. What a suite opens it closes in its own hooks, which run before this one. What a test that failed
 * has left is ended and told, and no failure of its own: the second try decides.
 */
const IGNORED = new Set([
  'FSReqCallback',
  'TTYWrap',
  'PipeWrap',
  'Immediate',
  'FSReqPromise',
  'CloseReq',
  'TickObject',
]);

const before = process.getActiveResourcesInfo();
const childrenBefore = new Set(children());

afterAll(async () => {
  let left = leaked();
  for (let turn = 0; left.length > 0 && turn < 1500; turn += 1) {
    await new Promise((done) => setTimeout(done, 20)); // sockets and children take some turns to go, on a busy machine many
    left = leaked();
  }
  if (left.length === 0) return;
  for (const it of children()) if (!childrenBefore.has(it)) it.kill('SIGKILL');
  const message = `left open after the tests: ${left.join(', ')}`;
  if (!('aTestHasFailed' in globalThis)) throw new Error(message);
  process.stderr.write(`${message}; by a test that failed\n`);
});

function children(): readonly ChildProcess[] {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): readonly unknown[] };
  return handles().filter((it) => it instanceof ChildProcess);
}

function leaked(): string[] {
  const budget = new Map<string, number>();
  for (const it of before) budget.set(it, (budget.get(it) ?? 0) + 1);
  if (!budget.has('Timeout')) budget.set('Timeout', 1); // jest's own, around the hook
  return process.getActiveResourcesInfo().filter((it) => {
    if (IGNORED.has(it)) return false;
    const left = budget.get(it) ?? 0;
    budget.set(it, left - 1);
    return left <= 0;
  });
}
