import type { Logger } from '../../src/runtime/log';
import { silentLogger } from '../../src/runtime/log';
import { seededRandom } from '../../src/runtime/random';
import type { ConnectOptions } from '../../src/zk/connect';
import type { ConnectionState, ZooKeeper } from '../../src/zk/client';
import { connectZooKeeper, type EngineTools } from '../../src/zk/engine';
import { FakeClock } from './fake-clock';
import { ScriptedZooKeeper, turnsUntil } from './scripted-zookeeper';

export interface Scripted {
  readonly peer: ScriptedZooKeeper;
  readonly clock: FakeClock;
  readonly zk: ZooKeeper;
  /** Every state entered, in order. */
  readonly states: ConnectionState[];
  /** What was logged as an error. */
  readonly errors: string[];
}

/** A client of a scripted server, with time standing still. Not connected yet. */
export function scripted(
  options: Partial<ConnectOptions> = {},
  tools: Partial<EngineTools> = {},
  prepare: (peer: ScriptedZooKeeper) => void = () => undefined,
): Scripted {
  const peer = new ScriptedZooKeeper();
  prepare(peer);
  const clock = new FakeClock();
  const errors: string[] = [];
  const log: Logger = { ...silentLogger, error: (message) => void errors.push(message) };
  const random = seededRandom(1);
  const zk = connectZooKeeper(
    { hosts: 'one:1', sessionTimeoutMs: 6_000, ...options },
    { clock, random, log, dial: peer.dial, ...tools },
  );
  const states: ConnectionState[] = [];
  zk.onState((state) => states.push(state));
  return { peer, clock, zk, states, errors };
}

/** As `scripted`, connected. */
export async function scriptedConnected(...args: Parameters<typeof scripted>): Promise<Scripted> {
  const all = scripted(...args);
  await all.zk.connected();
  return all;
}

/** Lets the engine work until the state is `state`. */
export function untilState({ zk }: Scripted, state: ConnectionState): Promise<void> {
  return turnsUntil(() => zk.state === state);
}

/** What a promise fails with; fails itself when the promise does not. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** Closes the client, letting the second pass that it gives an unresponsive server. */
export async function closeScripted({ zk, clock }: Scripted): Promise<void> {
  const closed = zk.close();
  await clock.advance(1_000);
  await closed;
}
