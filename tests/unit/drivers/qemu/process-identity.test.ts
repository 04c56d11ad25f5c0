import { bootId, identify, parseProcessStat, runsMachine } from '../../../../src/drivers/qemu/process-identity';

const tail = '1 2 3 0 -1 4194560 9 0 0 0 1 2 0 0 20 0 1 0 123456 1000 100 18446744073709551615';

test.each([
  ['a plain name', `7 (qemu) S ${tail}`, { state: 'S', startTicks: 123456 }],
  ['a name with blanks and parentheses', `7 (a) R 1) (b) Z ${tail}`, { state: 'Z', startTicks: 123456 }],
  ['a name with a line end', `7 (a\nb) R ${tail}\n`, { state: 'R', startTicks: 123456 }],
])('/proc/PID/stat with %s', (_title, text, expected) => {
  expect(parseProcessStat(text)).toEqual(expected);
});

test.each(['', '7 (qemu)', '7 (qemu) S 1 2'])('"%s" is not /proc/PID/stat', (text) => {
  expect(() => parseProcessStat(text)).toThrow();
});

test('a process is the same while it lives', async () => {
  const me = await identify(process.pid);
  expect(me).toEqual({ pid: process.pid, startTicks: expect.any(Number), bootId: await bootId() });
  expect(await identify(process.pid)).toEqual(me);
});

test('a number that no process has is nobody', async () => {
  expect(await identify(2 ** 22 + 1)).toBeUndefined();
});

test('this very process runs no machine', async () => {
  expect(await runsMachine((await identify(process.pid))!, 'np1', 'uuid')).toBe(false);
});
