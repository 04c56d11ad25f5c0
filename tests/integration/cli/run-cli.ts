import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { main } from '../../../src/cli/command';

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `nodepool` in this process. */
export async function nodepool(
  args: readonly string[],
  { stdin = '', env = {} }: { stdin?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const [stdout, stderr] = [collector(), collector()];
  const never = new AbortController().signal;
  const status = await main(args, {
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdin: Readable.from(stdin === '' ? [] : [stdin]),
    env,
    stop: { drain: never, now: never },
    onSignal: () => () => undefined,
  });
  return { status, stdout: stdout.text(), stderr: stderr.text() };
}

function collector() {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (it: Buffer) => chunks.push(it));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

/** A folder for files of a test. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'nodepool-cli-'));
  return {
    folder,
    file(name: string, text: string): string {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
