import type { ArgumentSpec, OptionSpec } from './spec';

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '-l <FILE>', help: 'path to log config file', completes: 'file' },
  { flags: '--version', help: 'show nodepool version' },
  { flags: '-c <FILE>', help: 'path to config file (default: /etc/nodepool/nodepool.yaml)', completes: 'file' },
  { flags: '-s <FILE>', help: 'path to secure file', completes: 'file' },
  { flags: '--debug', help: 'show DEBUG level logging' },
  {
    flags: '--timeout <SECONDS>',
    help: 'give up when ZooKeeper cannot be reached for that long; 0 waits for ever (default: 30)',
  },
];

export const FORMAT: OptionSpec = {
  flags: '--format <FORMAT>',
  help: 'how to print it',
  choices: ['table', 'json', 'yaml', 'csv'],
  default: 'table',
};

/** What every list takes. */
export const LIST_OPTIONS: readonly OptionSpec[] = [
  FORMAT,
  {
    flags: '--filter <FIELD=VALUE>',
    help: 'only rows of which this is true; also !=, <, <=, >, >=; VALUE may be a list a,b and have * in it; may be repeated',
    repeats: true,
  },
  { flags: '--sort <FIELDS>', help: 'sort by these fields, a,b; -a from the other end' },
  { flags: '--fields <FIELDS>', help: 'show these fields, a,b, in this order' },
  {
    flags: '--watch [SECONDS]',
    help: 'show it again whenever it changes, and every so many seconds, until interrupted',
  },
];

export const IMAGE: ArgumentSpec = { name: 'image', help: 'image name', completes: 'image' };
export const NODES: ArgumentSpec = { name: 'id', help: 'node id', variadic: true, completes: 'node' };
export const PROVIDER: ArgumentSpec = { name: 'PROVIDER', help: 'Provider name', completes: 'provider' };
export const ANY_PROVIDER: ArgumentSpec = {
  name: 'provider',
  help: 'provider name',
  optional: true,
  completes: 'provider',
};
