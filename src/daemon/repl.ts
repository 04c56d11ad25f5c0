import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from 'node:repl';
import type { Logger } from '../runtime/log';
import type { Random } from '../runtime/random';
import { DaemonSetupError } from './setup-error';

export interface ReplOptions {
  /** 3000, as the Python daemons (cli.md 5); 0 for any. */
  readonly port: number;
  /** What is at hand in a session, by name. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly log: Logger;
  readonly random: Random;
}

export interface OpenRepl {
  readonly port: number;
  /** Holds the token that a session begins with. */
  readonly tokenFile: string;
  close(): Promise<void>;
}

/**
 * Node's console on 127.0.0.1. Whoever has it can do what the daemon can, and anybody on this machine can connect: the first line
 * must be the token in a file that only our own user can read. Throws a DaemonSetupError if the port is taken.
 */
export async function openRepl(options: ReplOptions): Promise<OpenRepl> {
  const token = options.random.hex(24);
  const tokenFile = join(tmpdir(), `nodepool-repl-${process.pid}.token`);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined); // the other end went away
    socket.once('close', () => sockets.delete(socket));
    greet(socket, token, options);
  });
  await listening(server, options.port);
  await rm(tokenFile, { force: true });
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600, flag: 'wx' });
  const { port } = server.address() as { port: number };
  options.log.warn('a console is open to whoever can read the file', { port, file: tokenFile });
  return {
    port,
    tokenFile,
    close: async () => {
      for (const it of sockets) it.destroy();
      server.close();
      await rm(tokenFile, { force: true });
    },
  };
}

async function listening(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new DaemonSetupError(`no console on port ${port}: ${(error as Error).message}; leave --repl out`);
  }
}

/** A token is short: who sends so much without a line's end has none. */
const LONGEST_LINE = 1000;

function greet(socket: Socket, token: string, { context, log }: ReplOptions): void {
  socket.write('token: ');
  let heard = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    const end = heard.indexOf('\n');
    if (end === -1 && heard.length <= LONGEST_LINE) return;
    socket.off('data', onData);
    if (end === -1 || !isSame(heard.subarray(0, end).toString().trim(), token)) {
      log.warn('a console was refused: wrong token');
      socket.end('no\n');
      return;
    }
    log.warn('a console is in use');
    socket.pause();
    socket.unshift(heard.subarray(end + 1)); // what follows is for the console
    const session = start({ prompt: 'nodepool> ', input: socket, output: socket, terminal: false, useGlobal: false });
    Object.assign(session.context, context);
    session.once('exit', () => socket.end());
  };
  socket.on('data', onData);
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
