import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command as Parser, CommanderError, Option } from 'commander';
import type { Program, ProgramIo } from '../runtime/program';
import { Scope } from '../runtime/scope';
import type { GlobalOptions, Options } from './context';
import { reportFailure } from './report-failure';
import { loadCommand, loadContext } from './load-command';
import { COMMANDS, type CommandSpec, GLOBAL_OPTIONS, type OptionSpec } from './specs';

/**
 * `nodepool`. Exit status 0 when the command finished, also with "not found"; 1 when it failed, when the file is not valid,
 * and without a command; 2 for bad arguments (cli.md 2).
 */
export const main: Program = async (argv, io) => {
  let chosen: { readonly spec: CommandSpec; readonly args: string[]; readonly options: Options } | undefined;
  const stderr: string[] = [];
  const parser = buildParser(
    { out: (text) => void io.stdout.write(text), err: (text) => void stderr.push(text) },
    (spec, args, options) => {
      chosen = { spec, args, options };
    },
  );
  try {
    if (argv.length === 1 && argv[0] === '--version') return await printVersion(io);
    parser.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Without a command commander calls its help an error; ours goes to standard output.
    if (error.code === 'commander.help') {
      io.stdout.write(stderr.join(''));
      return 1;
    }
    io.stderr.write(stderr.join(''));
    return error.exitCode === 0 ? 0 : 2;
  }
  const given = parser.opts<Options>();
  if (given['version'] === true) return printVersion(io);
  if (chosen === undefined) {
    io.stdout.write(parser.helpInformation());
    return 1;
  }
  const global = globalOptions(given);
  if (Number.isNaN(global.timeoutMs)) {
    io.stderr.write('nodepool: error: --timeout takes a number of seconds\n');
    return 2;
  }
  return runCommand(chosen.spec, chosen.args, chosen.options, global, io);
};

async function runCommand(
  spec: CommandSpec,
  args: readonly string[],
  options: Options,
  global: GlobalOptions,
  io: ProgramIo,
): Promise<number> {
  try {
    await using scope = new Scope();
    return await loadCommand(spec.module ?? spec.name)(loadContext().openContext(global, io, scope), args, options);
  } catch (error) {
    return reportFailure(error, io, global.debug);
  }
}

function buildParser(
  write: { readonly out: (text: string) => void; readonly err: (text: string) => void },
  run: (spec: CommandSpec, args: string[], options: Options) => void,
): Parser {
  const parser = new Parser('nodepool')
    .description('Node pool.')
    .usage('[options] <command> ...')
    .exitOverride()
    .helpCommand(false)
    .commandsGroup('commands: valid commands')
    .configureOutput({
      writeOut: write.out,
      writeErr: write.err,
      outputError: (text, out) => out(`usage: nodepool ${parser.usage()}\nnodepool: ${text}`),
    });
  for (const it of GLOBAL_OPTIONS) parser.addOption(toOption(it));
  for (const spec of COMMANDS) {
    const command = parser.command(spec.name).description(spec.summary).allowExcessArguments(false);
    for (const it of spec.args ?? []) command.argument(it.optional === true ? `[${it.name}]` : `<${it.name}>`, it.help);
    if (spec.usage !== undefined) command.usage(spec.usage);
    for (const it of spec.options ?? []) command.addOption(toOption(it));
    command.action((...params: unknown[]) => {
      const args = (params.slice(0, spec.args?.length ?? 0) as (string | undefined)[]).filter((it) => it !== undefined);
      run(spec, args, command.opts<Options>());
    });
  }
  return parser;
}

function toOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.help);
  if (spec.choices !== undefined) option.choices([...spec.choices]);
  if (spec.default !== undefined) option.default(spec.default);
  return spec.required === true ? option.makeOptionMandatory() : option;
}

function globalOptions(given: Options): GlobalOptions {
  const text = (key: string) => (typeof given[key] === 'string' ? given[key] : undefined);
  return {
    configFile: text('c') ?? '/etc/nodepool/nodepool.yaml',
    secureFile: text('s'),
    logConfig: text('l'),
    debug: given['debug'] === true,
    timeoutMs: Number(text('timeout') ?? 30) * 1000,
  };
}

async function printVersion(io: ProgramIo): Promise<number> {
  const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  await new Promise<void>((done) => io.stdout.write(`Nodepool version: ${version}\n`, () => done()));
  return 0;
}
