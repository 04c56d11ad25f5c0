import { PassThrough, Readable } from 'node:stream';
import { main } from '../../../src/launcher/command';

test('a daemon that cannot start says why, and not that it has ended', async () => {
  const said = new PassThrough();
  const never = new AbortController().signal;
  const io = { stdout: said, stderr: said, stdin: Readable.from([]), env: {}, stop: { drain: never, now: never } };
  const status = await main(['-f', '-c', '/nonexistent/nodepool.yaml'], { ...io, onSignal: () => () => undefined });
  expect(status).toBe(1);
  expect(String(said.read() as Buffer)).toBe(
    'nodepool-launcher: /nonexistent/nodepool.yaml: cannot be read: there is no such file (check the path; -c FILE names it)\n',
  );
});
