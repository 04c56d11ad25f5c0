import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, openSync, closeSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '../../runtime/clock';
import { type Address, type Endpoint, parseAddress } from './endpoint';
import { makeFolderSync } from '../../runtime/make-folder';

/** The program that serves a state folder: arguments follow `--state-dir <dir>`. */
export type CloudProgram = readonly [command: string, ...args: string[]];

export interface StateDirOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly program?: CloudProgram;
}

/** From `src/drivers/fake` and `dist/drivers/fake` alike. */
const PROGRAM: CloudProgram = [process.execPath, join(__dirname, '../../../bin/nodepool-fake-cloud')];
const START_LIMIT_MS = 20_000;
/** Longest path of a unix socket, less a reserve. */
const MAX_SOCKET_PATH = 100;

/** Where the cloud of a state folder listens. */
export function socketPath(dir: string): string {
  const path = join(resolve(dir), 'socket');
  if (path.length <= MAX_SOCKET_PATH) return path;
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 16);
  return join(defaultStateDir(), `socket-${digest}`);
}

/** One for each user of the machine. */
export function defaultStateDir(): string {
  return join(tmpdir(), `nodepool-fake-cloud-${userInfo().uid}`);
}

/** Makes the folder, for this user only. Throws if it belongs to somebody else. */
export function prepareStateDir(dir: string): void {
  makeFolderSync(dir, { mode: 0o700 });
  const found = lstatSync(dir);
  const { uid } = userInfo();
  if (!found.isDirectory() || found.uid !== uid) throw new Error(`${dir} is not a folder of user ${uid}`);
  chmodSync(dir, 0o700);
}

/**
 * The cloud of a state folder. Whoever finds that nobody serves it starts a program that does, detached, so that it
 * outlives its first user; of several started at once all but one find the folder locked and end.
 */
export class StateDirEndpoint implements Endpoint {
  readonly address: Address;
  #reviving: Promise<void> | undefined;

  constructor(private readonly options: StateDirOptions) {
    this.address = parseAddress(`unix:${socketPath(options.dir)}`);
  }

  async revive(signal: AbortSignal): Promise<void> {
    this.#reviving ??= this.#start().finally(() => {
      this.#reviving = undefined;
    });
    await this.#reviving;
    signal.throwIfAborted();
  }

  async #start(): Promise<void> {
    const { dir, clock, program = PROGRAM } = this.options;
    prepareStateDir(dir);
    if (await listens(this.address.socketPath!)) return;
    const log = join(dir, 'cloud.log');
    const started = launch(program, dir, log);
    const limit = clock.monotonic() + START_LIMIT_MS;
    while (!(await listens(this.address.socketPath!))) {
      if (started.failure !== undefined) throw new Error(`the simulated cloud ${started.failure}; see ${log}`);
      if (clock.monotonic() > limit) throw new Error(`the simulated cloud did not start; see ${log}`);
      await clock.sleep(20);
    }
  }
}

/** How the program ends when another one serves the folder: no failure, the other will listen in a moment. */
export const LOCKED_STATUS = 75;

function launch([command, ...args]: CloudProgram, dir: string, log: string): { readonly failure: string | undefined } {
  const outcome: { failure: string | undefined } = { failure: undefined };
  const output = openSync(log, 'a', 0o600);
  try {
    const child = spawn(command, [...args, '--existing', '--state-dir', resolve(dir)], {
      detached: true,
      stdio: ['ignore', output, output],
      cwd: '/',
    });
    child.once('error', (error) => (outcome.failure = `could not be started: ${error.message}`));
    child.once('exit', (status) => {
      if (status !== LOCKED_STATUS) outcome.failure = `ended with status ${status}`;
    });
    child.unref();
    return outcome;
  } finally {
    closeSync(output);
  }
}

function listens(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ path });
    const end = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
