import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Destination, FileDestination, SyslogDestination, TimeRotation } from './log-plan';
import type { Section } from './raw-log-config';

/** Handlers that are mapped, by Python's class, with the names of their positional arguments (for ini files). */
export const HANDLER_CLASSES: Readonly<Record<string, readonly string[]>> = {
  'logging.StreamHandler': ['stream'],
  'logging.FileHandler': ['filename', 'mode', 'encoding', 'delay', 'errors'],
  'logging.handlers.WatchedFileHandler': ['filename', 'mode', 'encoding', 'delay', 'errors'],
  'logging.handlers.RotatingFileHandler': [
    'filename',
    'mode',
    'maxBytes',
    'backupCount',
    'encoding',
    'delay',
    'errors',
  ],
  'logging.handlers.TimedRotatingFileHandler': [
    'filename',
    'when',
    'interval',
    'backupCount',
    'encoding',
    'delay',
    'utc',
    'atTime',
    'errors',
  ],
  'logging.handlers.SysLogHandler': ['address', 'facility', 'socktype'],
  'logging.NullHandler': [],
};

/** Python's syslog facilities. */
export const FACILITIES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp'.split(' ').map((name, index) => [name, index]),
  ),
  security: 4,
  ...Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`local${index}`, 16 + index])),
};

/** Where a handler writes. Undefined if that cannot be told, which was reported. */
export function readDestination(section: Section, className: string): Destination | undefined {
  const kind = className.split('.').at(-1)!;
  if (kind === 'NullHandler') return { kind: 'null' };
  if (kind === 'StreamHandler') return readStream(section);
  if (kind === 'SysLogHandler') return readSyslog(section);
  const file = readFile(section, kind === 'WatchedFileHandler');
  if (file === undefined) return undefined;
  if (kind === 'RotatingFileHandler') {
    const maxBytes = section.number('maxBytes') ?? 0;
    const backupCount = section.number('backupCount') ?? 0;
    // Python turns neither over without backups nor without a limit.
    return maxBytes > 0 && backupCount > 0 ? { ...file, rotation: { by: 'size', maxBytes, backupCount } } : file;
  }
  if (kind !== 'TimedRotatingFileHandler') return file;
  const rotation = readTimes(section);
  return rotation === undefined ? undefined : { ...file, rotation };
}

function readStream(section: Section): Destination | undefined {
  const stream = section.text('stream') ?? 'ext://sys.stderr';
  const name = /^(?:ext:\/\/)?sys\.(stdout|stderr)$/.exec(stream)?.[1] as 'stdout' | 'stderr' | undefined;
  if (name === undefined) {
    section.error('stream', 'there is no such stream', { expected: 'ext://sys.stdout or ext://sys.stderr' });
    return undefined;
  }
  return { kind: 'stream', stream: name };
}

function readFile(section: Section, watched: boolean): FileDestination | undefined {
  const name = section.text('filename');
  const mode = section.text('mode') ?? 'a';
  const encoding = section.text('encoding');
  const delay = section.flag('delay') ?? false;
  section.raw('errors'); // how to write what the encoding lacks: UTF-8 lacks nothing
  if (encoding !== undefined && !/^utf[-_]?8$/i.test(encoding))
    section.error('encoding', 'files are written in UTF-8 only', { expected: 'utf-8', hint: 'leave the key out' });
  if (mode !== 'a' && mode !== 'w') section.error('mode', 'there is no such mode', { expected: 'a or w' });
  if (name === undefined || name === '') {
    if (!section.has('filename') || name === '') section.error('filename', 'there is no file to write to');
    return undefined;
  }
  const path = resolve(name.replace(/^~(?=\/|$)/, homedir()));
  return { kind: 'file', path, mode: mode === 'w' ? 'w' : 'a', delay, watched };
}

function readTimes(section: Section): TimeRotation | undefined {
  const when = (section.text('when') ?? 'H').toUpperCase();
  const weekday = /^W([0-6])$/.exec(when)?.[1];
  const interval = section.number('interval') ?? 1;
  const backupCount = section.number('backupCount') ?? 0;
  const utc = section.flag('utc') ?? false;
  if (section.raw('atTime') !== undefined && section.raw('atTime') !== null)
    section.error('atTime', 'an own time of the turn-over is not supported', {
      hint: 'leave it out: midnight is used',
    });
  if (weekday === undefined && !['S', 'M', 'H', 'D', 'MIDNIGHT'].includes(when)) {
    section.error('when', 'there is no such unit', { expected: 'S, M, H, D, midnight or W0 to W6' });
    return undefined;
  }
  if (!Number.isInteger(interval) || interval < 1)
    section.error('interval', 'this is no number of units', { expected: 'a whole number from 1' });
  const unit = (weekday === undefined ? when : 'W') as TimeRotation['when'];
  const on = weekday === undefined ? {} : { weekday: Number(weekday) };
  return { by: 'time', when: unit, ...on, interval, backupCount, utc };
}

const DEFAULT_PORT = 514;

function readSyslog(section: Section): SyslogDestination | undefined {
  const address = readAddress(section);
  const facility = readFacility(section);
  const socktype = section.raw('socktype');
  const isTcp = socktype === 1 || (typeof socktype === 'string' && /(?:^|\.)SOCK_STREAM$/.test(socktype));
  const isUdp = [undefined, null, 2].includes(socktype as null) || /(?:^|\.)SOCK_DGRAM$/.test(String(socktype));
  if (!isTcp && !isUdp)
    section.error('socktype', 'there is no such type', {
      expected: 'ext://socket.SOCK_DGRAM or ext://socket.SOCK_STREAM',
    });
  const ident = section.text('ident') ?? '';
  if (address === undefined || facility === undefined) return undefined;
  return { kind: 'syslog', address, facility, transport: isTcp ? 'tcp' : 'udp', ident };
}

function readAddress(section: Section): SyslogDestination['address'] | undefined {
  const value = section.raw('address');
  if (value === undefined || value === null) return { host: 'localhost', port: DEFAULT_PORT };
  if (typeof value === 'string' && value.startsWith('/')) return value;
  if (Array.isArray(value) && typeof value[0] === 'string') {
    const port = Number(value[1] === 'handlers.SYSLOG_UDP_PORT' ? DEFAULT_PORT : value[1]);
    if (value.length === 2 && Number.isInteger(port) && port > 0 && port < 65_536) return { host: value[0], port };
  }
  section.error('address', 'there is no such address', { expected: "a socket's path, or a host and a port" });
  return undefined;
}

function readFacility(section: Section): number | undefined {
  const value = section.raw('facility');
  if (value === undefined || value === null) return FACILITIES['user'];
  const name = typeof value === 'string' ? /(?:^|LOG_)(\w+)$/.exec(value)?.[1]?.toLowerCase() : undefined;
  const number = typeof value === 'number' ? value : name === undefined ? undefined : FACILITIES[name];
  if (number !== undefined && number >= 0 && number < 24) return number;
  section.error('facility', 'there is no such facility', { expected: 'daemon, user, local0 to local7, …' });
  return undefined;
}
