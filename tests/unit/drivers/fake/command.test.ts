import { PassThrough, Readable } from 'node:stream';
import { main } from '../../../../src/drivers/fake/command';

async function run(...argv: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const never = new AbortController().signal;
  const io = { stdout, stderr, stdin: Readable.from([]), env: {}, stop: { drain: never, now: never } };
  const status = await main(argv, { ...io, onSignal: () => () => undefined });
  const text = (it: PassThrough) => String((it.read() as Buffer | null) ?? '');
  return { status, stdout: text(stdout), stderr: text(stderr) };
}

test('--version and --help', async () => {
  expect(await run('--version')).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^Nodepool version: \d+\.\d+\.\d+\n$/),
    stderr: '',
  });
  expect(await run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--version') });
});

test('an unknown option is told with the name of the program', async () => {
  expect(await run('--prot', '1')).toMatchObject({
    status: 64,
    stderr: expect.stringMatching(/^nodepool-fake-cloud: error: unknown option '--prot'/),
  });
});
