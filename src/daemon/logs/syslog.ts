import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import type { SyslogDestination } from './log-plan';
import type { Level } from './severity';

const PRIORITIES: Readonly<Record<Level, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

export interface SyslogSink {
  send(level: Level, text: string): void;
  close(): void;
}

/**
 * Sends records to a syslog server, as Python's SysLogHandler: `<priority>text`, over UDP, TCP, or the socket of this machine.
 * Node knows no datagram sockets with paths: there, one `logger` program of util-linux stays and is fed line by line.
 */
export function openSyslog(plan: SyslogDestination, onTrouble: (message: string) => void): SyslogSink {
  const { address, facility, ident } = plan;
  const complain = once(onTrouble);
  const line = (level: Level, text: string) => `<${facility * 8 + PRIORITIES[level]}>${ident}${text}`;
  if (typeof address === 'string') return viaLogger(address, line, complain);
  return plan.transport === 'tcp' ? viaTcp(address, line, complain) : viaUdp(address, line, complain);
}

type Line = (level: Level, text: string) => string;
type Complain = (error: Error) => void;
type Address = { readonly host: string; readonly port: number };

function once(onTrouble: (message: string) => void): Complain {
  let isSaid = false;
  return (error) => {
    if (!isSaid) onTrouble(`syslog cannot be reached: ${error.message}`);
    isSaid = true;
  };
}

function viaUdp({ host, port }: Address, line: Line, complain: Complain): SyslogSink {
  const socket = createSocket('udp4');
  socket.on('error', complain);
  socket.unref();
  return {
    send: (level, text) =>
      socket.send(`${line(level, text)}\0`, port, host, (error) => {
        if (error) complain(error);
      }),
    close: () => void socket.close(),
  };
}

function viaTcp({ host, port }: Address, line: Line, complain: Complain): SyslogSink {
  let socket: Socket | undefined;
  const open = () => {
    const opened = connect(port, host);
    opened.unref();
    opened.on('error', complain);
    opened.on('close', () => {
      if (socket === opened) socket = undefined;
    });
    return opened;
  };
  return {
    send: (level, text) => {
      socket ??= open();
      socket.write(`${line(level, text)}\0`);
    },
    close: () => void socket?.end(),
  };
}

function viaLogger(path: string, line: Line, complain: Complain): SyslogSink {
  let child: ChildProcess | undefined;
  const open = () => {
    const args = ['--socket', path, '--socket-errors=on', '--prio-prefix', '--tag', 'nodepool'];
    const opened = spawn('logger', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    opened.unref();
    opened.on('error', complain);
    opened.stdin!.on('error', complain);
    opened.on('exit', () => {
      if (child === opened) child = undefined;
    });
    return opened;
  };
  return {
    send: (level, text) => {
      child ??= open();
      child.stdin!.write(
        `${text
          .split('\n')
          .map((it) => line(level, it))
          .join('\n')}\n`,
      );
    },
    close: () => void child?.stdin!.end(),
  };
}
