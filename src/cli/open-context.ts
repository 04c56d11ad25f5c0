import { loadConfig, loadZooKeeper } from '../config/load';
import type { Config } from '../config/types';
import { problemLine, type Problem } from '../config/problem';
import { systemClock } from '../runtime/clock';
import type { ProgramIo } from '../runtime/program';
import { systemRandom } from '../runtime/random';
import type { Scope } from '../runtime/scope';
import { openZooKeeper } from '../store/open-zookeeper';
import type { Store } from '../store/api';
import { openStore } from '../store/store';
import type { CommandContext, GlobalOptions } from './context';
import { CommandError } from './failure';
import { loadProgramLog, loadSchemas } from './load-command';
import { stderrLog } from './stderr-log';
import { untilConnected } from './until-connected';

/** What a command gets; what it opens is closed by `scope`. */
export function openContext(global: GlobalOptions, io: ProgramIo, scope: Scope): CommandContext {
  const clock = systemClock;
  const log =
    global.logConfig === undefined
      ? stderrLog(io.stderr, clock, global.debug ? 'debug' : 'warn')
      : loadProgramLog().configuredLog(global.logConfig, io, scope);
  const tools = { clock, random: systemRandom, log };
  const complain = (line: string) => void io.stderr.write(`${line}\n`);
  const files = { file: global.configFile, secureFile: global.secureFile, env: io.env };
  const onWarning = (problem: Problem) => {
    if (global.debug) complain(`warning: ${problemLine(problem)}`);
  };
  let config: Config | undefined;
  let store: Promise<Store> | undefined;
  const connect = async (): Promise<Store> => {
    const { hosts, tls, timeout } = loadZooKeeper({ ...files, onWarning });
    if (hosts === '') throw new CommandError(`no zookeeper-servers in ${global.configFile}`);
    const zk = await openZooKeeper({ hosts, tls, timeoutSeconds: timeout }, tools);
    scope.own(zk, (it) => it.close());
    await untilConnected(zk, { hosts, timeoutMs: global.timeoutMs, clock, signal: io.stop.drain, complain });
    return scope.own(openStore(zk, tools), (it) => it.close());
  };
  return {
    io,
    global,
    ...tools,
    signal: io.stop.drain,
    complain,
    config: () => (config ??= loadConfig({ ...files, schemas: loadSchemas(), onWarning })),
    print: (text) => new Promise((done) => io.stdout.write(text, () => done())),
    store: () => (store ??= connect()),
  };
}
