import { resolve } from 'node:path';
import { Command } from 'commander';
import type { ProgramIo } from '../runtime/program';

/** The launcher's own command line (cli.md 5). */
export interface Flags {
  readonly config: string;
  readonly secure: string | undefined;
  readonly logConfig: string | undefined;
  readonly pidFile: string;
  readonly debug: boolean;
  readonly foreground: boolean;
  readonly webapp: boolean;
}

/** Throws a `CommanderError`, also for `--help` and `--version`, which then have been printed. */
export function parseFlags(
  argv: readonly string[],
  version: string,
  io: Pick<ProgramIo, 'stdout' | 'stderr' | 'env'>,
): Flags {
  const path = (value: string) => resolve(value.replace(/^~(?=\/|$)/, io.env['HOME'] ?? '~'));
  const options = new Command('nodepool-launcher')
    .description('Node pool.')
    .option('-c <file>', 'path to config file', path, '/etc/nodepool/nodepool.yaml')
    .option('-s <file>', 'path to secure file', path)
    .option('-l <file>', 'path to log config file', path)
    .option('-p <file>', 'path to pid file', path, '/var/run/nodepool/nodepool.pid')
    .option('-d', 'do not run as a daemon with debug logging', false)
    .option('-f', 'do not run as a daemon', false)
    .option('--no-webapp', 'do not serve the status pages')
    .version(`nodepool-launcher ${version}`, '--version', 'show nodepool version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .parse([...argv], { from: 'user' })
    .opts<{ c: string; s?: string; l?: string; p: string; d: boolean; f: boolean; webapp: boolean }>();
  return {
    config: options.c,
    secure: options.s,
    logConfig: options.l,
    pidFile: options.p,
    debug: options.d,
    foreground: options.f || options.d,
    webapp: options.webapp,
  };
}
