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

interface Surroundings {
  readonly stdin?: string;
  readonly env?: Record<string, string>;
}

/** Runs `nodepool` in this process. */
export function nodepool(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  return startNodepool(args, surroundings).done;
}

/** A command that runs until it is told to stop, or ends by itself. */
export interface Running {
  readonly done: Promise<Outcome>;
  /** As Ctrl-C. */
  interrupt(): void;
  /** Resolves when what it has printed, on either stream, is like that; rejects if it ends before. */
  says(pattern: RegExp): Promise<void>;
}

export function startNodepool(args: readonly string[], { stdin = '', env = {} }: Surroundings = {}): Running {
  const listeners = new Set<() => void>();
  const changed = () => listeners.forEach((it) => it());
  const [stdout, stderr] = [collector(changed), collector(changed)];
  const [drain, now] = [new AbortController(), new AbortController()];
  const done = main(args, {
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdin: Readable.from(stdin === '' ? [] : [stdin]),
    env,
    stop: { drain: drain.signal, now: now.signal },
    onSignal: () => () => undefined,
  }).then((status) => ({ status, stdout: stdout.text(), stderr: stderr.text() }));
  const printed = () => stdout.text() + stderr.text();
  const says = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(printed())) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      void done.then(() => reject(new Error(`it ended without saying ${pattern}: ${printed()}`)), reject);
      look();
    });
  return { done, interrupt: () => drain.abort(new Error('interrupted')), says };
}

function collector(changed: () => void) {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (it: Buffer) => {
    chunks.push(it);
    changed();
  });
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
