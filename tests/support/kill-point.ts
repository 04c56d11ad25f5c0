import fs from 'node:fs/promises';
import * as opening from '../../src/store/open-zookeeper';
import type { Op, ZooKeeper } from '../../src/zk/client';

/** Where a program under test is to die, as if by `kill -9`: a write to ZooKeeper, or the removal of a file. */
export interface KillPoint {
  readonly when: 'before' | 'after';
  /** Looked for in `<op> <path> <data>` of each write, or `rm <path>`. */
  readonly pattern: string;
}

/** Arms the kill point that the environment names, for the rest of this process. */
export function armKillPoint(text: string): void {
  const { when, pattern } = JSON.parse(text) as KillPoint;
  const expected = new RegExp(pattern, 's');
  const at = async <T>(what: string, moment: string, work: () => Promise<T>): Promise<T> => {
    const isHere = expected.test(what);
    if (isHere && when === 'before') die(what, moment);
    const result = await work();
    if (isHere) die(what, moment);
    return result;
  };
  const { openZooKeeper } = opening;
  const exported = {
    ...opening,
    openZooKeeper: async (...args: Parameters<typeof openZooKeeper>) => watched(await openZooKeeper(...args), at),
  };
  // Exports cannot be assigned to; whoever asks for the module from now on gets these.
  require.cache[require.resolve('../../src/store/open-zookeeper.ts')]!.exports = exported;
  const rm = fs.rm.bind(fs);
  Object.assign(fs, { rm: (path: string, ...rest: []) => at(`rm ${path}`, when, () => rm(path, ...rest)) });
}

type At = <T>(what: string, moment: string, work: () => Promise<T>) => Promise<T>;

function watched(zk: ZooKeeper, at: At): ZooKeeper {
  return new Proxy(zk, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      if (name === 'transaction') {
        return (ops: readonly Op[], ...rest: unknown[]) =>
          at(ops.map(describe).join('\n'), 'transaction', () => call(ops, ...rest));
      }
      if (name === 'create' || name === 'set' || name === 'delete') {
        return (path: string, ...rest: unknown[]) =>
          at(`${name} ${path} ${Buffer.isBuffer(rest[0]) ? rest[0].toString() : ''}`, name, () => call(path, ...rest));
      }
      return call;
    },
  });
}

function describe(op: Op): string {
  return `${op.op} ${op.path} ${'data' in op ? op.data.toString() : ''}`;
}

function die(what: string, moment: string): never {
  process.stderr.write(`dies at: ${moment} ${what.slice(0, 300)}\n`);
  process.kill(process.pid, 'SIGKILL');
  throw new Error('not reached: the signal cannot be handled');
}
