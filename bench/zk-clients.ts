import { once } from 'node:events';
import { systemClock } from '../src/runtime/clock';
import { silentLogger } from '../src/runtime/log';
import { systemRandom } from '../src/runtime/random';
import type { ZooKeeper } from '../src/zk/client';
import { combiningZooKeeper } from '../src/zk/combined';
import type { TlsOptions } from '../src/zk/connect';
import { connectZooKeeper } from '../src/zk/engine';
import { type PackageClient, vocabulary } from '../src/zk/package-seam';

export const tools = { clock: systemClock, random: systemRandom, log: silentLogger };

type Done = (error?: unknown) => void;

/** The four requests measured, in the manner each client likes best: a callback that hears of the end. */
export interface Contestant {
  readonly name: 'engine' | 'package';
  create(path: string, data: Buffer, done: Done): void;
  set(path: string, data: Buffer, done: Done): void;
  get(path: string, done: Done): void;
  exists(path: string, done: Done): void;
  close(): Promise<void>;
}

export async function connectEngine(hosts: string, tls?: TlsOptions): Promise<Contestant & { readonly zk: ZooKeeper }> {
  const zk = connectZooKeeper({ hosts, sessionTimeoutMs: 30_000, ...(tls === undefined ? {} : { tls }) }, tools);
  await zk.connected();
  return {
    name: 'engine',
    zk,
    create: (path, data, done) => tell(zk.create(path, data), done),
    set: (path, data, done) => tell(zk.set(path, data), done),
    get: (path, done) => tell(zk.get(path), done),
    exists: (path, done) => tell(zk.exists(path), done),
    close: () => zk.close(),
  };
}

/** The engine as the daemons write with it: each write a transaction, and those asked for side by side in one request. */
export function connectCombined({ zk, ...engine }: Awaited<ReturnType<typeof connectEngine>>): Contestant {
  const combining = combiningZooKeeper(zk);
  return {
    ...engine,
    create: (path, data, done) => tell(combining.transaction([{ op: 'create', path, data }]), done),
    set: (path, data, done) => tell(combining.transaction([{ op: 'set', path, data }]), done),
  };
}

function tell(promise: Promise<unknown>, done: Done): void {
  promise.then(() => done(), done);
}

/** The package as it comes, on its own connection layer. */
export async function connectPackage(hosts: string): Promise<Contestant> {
  const client: PackageClient = vocabulary.createClient(hosts, { sessionTimeout: 30_000, retries: 0 });
  client.connect();
  await once(client, 'connected');
  return {
    name: 'package',
    create: (path, data, done) => client.create(path, data, done),
    set: (path, data, done) => client.setData(path, data, done),
    get: (path, done) => client.getData(path, done),
    exists: (path, done) => client.exists(path, done),
    close: async () => {
      const gone = once(client, 'disconnected');
      client.close();
      await gone;
    },
  };
}

/** Does `count` requests with at most `window` in flight; milliseconds. */
export function pipelined(count: number, window: number, start: (index: number, done: Done) => void): Promise<number> {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    let started = 0;
    let ended = 0;
    const next = () => {
      const index = started;
      started += 1;
      start(index, (error) => {
        if (error) reject(error as Error);
        ended += 1;
        if (ended === count) resolve(performance.now() - begin);
        else if (started < count) next();
      });
    };
    for (let index = 0; index < Math.min(window, count); index += 1) next();
  });
}
