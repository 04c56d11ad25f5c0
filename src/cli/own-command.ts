import { basename, dirname } from 'node:path';
import type { ProgramIo } from '../runtime/program';
import type { GlobalOptions } from './context';

export const DEFAULT_CONFIG_FILE = '/etc/nodepool/nodepool.yaml';

/** What it is made from: the part of a command's context that says how the command was called. */
export interface Asked {
  readonly io: Pick<ProgramIo, 'env' | 'process'>;
  readonly global: Pick<GlobalOptions, 'configFile' | 'secureFile'>;
}

/**
 * A command line of ours to be pasted into the same shell: with the files that this one was given, and the path of the program
 * where the shell would not find it.
 */
export function ownCommand({ io, global }: Asked, ...words: readonly string[]): string {
  const files = [
    ...(global.configFile === DEFAULT_CONFIG_FILE ? [] : ['-c', global.configFile]),
    ...(global.secureFile === undefined ? [] : ['-s', global.secureFile]),
  ];
  return [programName(io), ...files, ...words].map(shellWord).join(' ');
}

function programName({ env, process }: Asked['io']): string {
  const path = process?.command.at(-1);
  if (path === undefined || basename(path) !== 'nodepool') return 'nodepool';
  return (env['PATH'] ?? '').split(':').includes(dirname(path)) ? 'nodepool' : path;
}

const shellWord = (word: string) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
