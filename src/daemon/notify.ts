import { type Clock, machineMicroseconds, type Timer } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import { runCommand } from '../runtime/processes';

type Environment = Readonly<Record<string, string | undefined>>;

/** Tells the service manager how we are (sd_notify). Does nothing where there is none. */
export interface ServiceManager {
  /** Shown by `systemctl status`. */
  status(text: string): void;
  /** Up and serving. */
  ready(): void;
  reloading(): void;
  stopping(): void;
  /** Not ready yet, and still at it: the start may take so much longer. */
  waiting(why: string): void;
  /** Resolves when all has been told; ends the watchdog. */
  close(): Promise<void>;
}

export const NO_MANAGER: ServiceManager = {
  status: () => undefined,
  ready: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  waiting: () => undefined,
  close: () => Promise.resolve(),
};

/** Sends one datagram to the manager's socket. */
export type SendState = (lines: readonly string[]) => Promise<void>;

export interface NotifyTools {
  readonly clock: Clock;
  readonly log: Logger;
  readonly env: Environment;
  readonly pid: number;
}

/** How much longer a start may take, told each time it is waited. */
const EXTEND_US = 90_000_000;

/**
 * The manager that the environment names (`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`). The watchdog is fed by a timer of
 * the event loop, every third of its time: a loop that hangs feeds nobody.
 */
export function serviceManager(tools: NotifyTools, send: SendState = senderFor(tools)): ServiceManager {
  const { clock, env, log, pid } = tools;
  if (env['NOTIFY_SOCKET'] === undefined || env['NOTIFY_SOCKET'] === '') return NO_MANAGER;
  let queue = Promise.resolve();
  let isBroken = false;
  const tell = (...lines: string[]) => {
    queue = queue
      .then(() => send(lines))
      .catch((error: unknown) => {
        if (!isBroken) log.warn('the service manager cannot be told how we are', { err: error });
        isBroken = true; // said once
      });
  };
  const watchdog = startWatchdog(watchdogMs(env, pid), clock, () => tell('WATCHDOG=1'));
  return {
    status: (text) => tell(`STATUS=${oneLine(text)}`),
    ready: () => tell('READY=1', `MAINPID=${pid}`),
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${machineMicroseconds()}`),
    stopping: () => tell('STOPPING=1'),
    waiting: (why) => tell(`EXTEND_TIMEOUT_USEC=${EXTEND_US}`, `STATUS=${oneLine(why)}`),
    close: async () => {
      watchdog.cancel();
      await queue;
    },
  };
}

/** Undefined without a watchdog, or with one for another process. */
export function watchdogMs(env: Environment, pid: number): number | undefined {
  const us = Number(env['WATCHDOG_USEC']);
  const isOurs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid);
  return Number.isFinite(us) && us > 0 && isOurs ? us / 1000 : undefined;
}

function startWatchdog(everyMs: number | undefined, clock: Clock, feed: () => void): Timer {
  let timer: Timer | undefined;
  const again = (ms: number) => {
    timer = clock.after(ms, () => {
      feed();
      again(ms);
    });
  };
  if (everyMs !== undefined) again(everyMs / 3);
  return { cancel: () => timer?.cancel() };
}

const oneLine = (text: string) => text.replaceAll('\n', ' ');

/** perl-base is on every Debian; the socket's name may be abstract (`@`). */
const PERL = `use Socket; my $p = $ENV{NOTIFY_SOCKET}; $p =~ s/^@/\\0/;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!"; send($s, join("\\n", @ARGV), 0, pack_sockaddr_un($p)) or die "send: $!";`;

/**
 * Node knows no datagram sockets with paths, so a program sends for us: `systemd-notify`, which is wherever systemd is, else
 * perl. They are children, therefore units need `NotifyAccess=all`.
 */
function senderFor({ env }: NotifyTools): SendState {
  const programs = [
    (lines: readonly string[]) => ({ file: 'systemd-notify', args: [...lines] }),
    (lines: readonly string[]) => ({ file: 'perl', args: ['-e', PERL, '--', ...lines] }),
  ];
  let chosen = 0;
  return async (lines) => {
    for (; chosen < programs.length; chosen += 1) {
      try {
        const { code, stderr } = await runCommand({ ...programs[chosen]!(lines), env });
        if (code !== 0) throw new Error(`sending failed with status ${code}: ${stderr.trim()}`);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    throw new Error('neither systemd-notify nor perl is installed');
  };
}
