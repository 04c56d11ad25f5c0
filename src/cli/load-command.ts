import type { DriverSchemas } from '../config/parse';
import type * as ProgramLog from '../daemon/logs/program-log';
import type * as Registry from '../drivers/registry';
import type { Command } from './context';
import type * as WatchList from './lists/watch-list';
import type * as OpenContext from './open-context';

/* eslint-disable @typescript-eslint/no-require-imports -- a command reads only what it needs: `--help` must be fast */

/** The file of a command, read when it is run. */
export function loadCommand(name: string): Command {
  return (require(`./commands/${name}`) as { run: Command }).run;
}

/** What the whole configuration is checked with; most commands only ask where ZooKeeper is. */
export function loadSchemas(): DriverSchemas {
  return (require('../drivers/registry') as typeof Registry).drivers;
}

/** What reaches configuration and store. */
export function loadContext(): typeof OpenContext {
  return require('./open-context') as typeof OpenContext;
}

/** What writes logs by a file of `-l`: the daemons' logging library, which takes its time to read. */
export function loadProgramLog(): typeof ProgramLog {
  return require('../daemon/logs/program-log') as typeof ProgramLog;
}

/** What `--watch` needs. */
export function loadWatchList(): typeof WatchList {
  return require('./lists/watch-list') as typeof WatchList;
}
