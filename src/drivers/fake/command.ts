import { InvalidArgumentError, Command, CommanderError } from 'commander';
import { existsSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program, ProgramIo } from '../../runtime/program';
import { type Clock, systemClock } from '../../runtime/clock';
import { tryLockFile } from '../../runtime/file-lock';
import { createLogger } from '../../runtime/log';
import { packageVersion } from '../../runtime/package-version';
import { seededRandom, systemRandom } from '../../runtime/random';
import { type FakeCloudServer, startFakeCloud } from './server';
import { defaultStateDir, LOCKED_STATUS, prepareStateDir, socketPath } from './state-dir-endpoint';

interface Flags {
  readonly stateDir: string;
  readonly existing: boolean;
  readonly port?: number;
  readonly idleSeconds: number;
  readonly seed?: number;
}

const LOOK_MS = 1_000;

/** `nodepool-fake-cloud`: serves the simulated cloud of one state folder until stopped, or until nobody has asked for a while. */
export const main: Program = async (argv, io) => {
  try {
    const flags = parse(argv, io);
    return await serve(flags, io);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
    io.stderr.write(`nodepool-fake-cloud: ${(error as Error).message}\n`);
    return 1;
  }
};

function parse(argv: readonly string[], io: ProgramIo): Flags {
  return new Command('nodepool-fake-cloud')
    .description('Serves a simulated cloud for providers of driver fake.')
    .version(`Nodepool version: ${packageVersion()}`, '--version', 'show nodepool version')
    .option('--state-dir <dir>', 'where its state is kept', io.env['NODEPOOL_FAKE_CLOUD_DIR'] || defaultStateDir())
    .option('--existing', 'serve the folder only if it is there, instead of making it', false)
    .option('--port <port>', 'listen on this port of 127.0.0.1 instead of a socket in the folder; 0: a free one', count)
    .option('--idle-seconds <seconds>', 'end when nobody has asked for this long; 0: never', count, 900)
    .option('--seed <number>', 'make the same choices again', count)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(`nodepool-fake-cloud: ${text}`),
    })
    .parse([...argv], { from: 'user' })
    .opts<Flags>();
}

async function serve(flags: Flags, io: ProgramIo): Promise<number> {
  if (flags.existing && !existsSync(flags.stateDir)) throw new Error(`there is no folder ${flags.stateDir}`);
  prepareStateDir(flags.stateDir);
  const lockFile = join(flags.stateDir, 'lock');
  const lock = await tryLockFile(lockFile);
  if (lock === undefined) {
    io.stderr.write(`nodepool-fake-cloud: ${flags.stateDir} is served already\n`);
    return LOCKED_STATUS;
  }
  try {
    const server = await start(flags);
    writeFileSync(join(flags.stateDir, 'pid'), `${process.pid}\n`);
    io.stdout.write(`${server.endpoint}\n`);
    const isOver = () => !existsSync(lockFile) || isIdle(server, flags.idleSeconds * 1000, systemClock);
    await until(isOver, systemClock, io.stop.drain);
    await server.close();
    return 0;
  } finally {
    await lock.release();
  }
}

function start(flags: Flags): Promise<FakeCloudServer> {
  const path = socketPath(flags.stateDir);
  if (flags.port === undefined) removeLeftover(path); // ours to remove: we hold the lock
  return startFakeCloud({
    clock: systemClock,
    random: flags.seed === undefined ? systemRandom : seededRandom(flags.seed),
    log: createLogger({ level: 'info', format: 'text' }),
    listen: flags.port ?? path,
    stateDir: flags.stateDir,
  });
}

function isIdle(server: FakeCloudServer, limitMs: number, clock: Clock): boolean {
  return limitMs > 0 && server.idleSince !== undefined && clock.monotonic() - server.idleSince >= limitMs;
}

/** Looks now and then: it is not urgent that a cloud which nobody asks, or whose folder was removed, ends. */
async function until(isOver: () => boolean, clock: Clock, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && !isOver()) {
    await clock.sleep(LOOK_MS, stop).catch((error: unknown) => {
      if (!stop.aborted) throw error;
    });
  }
}

function removeLeftover(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number is needed');
  return Number(text);
}
