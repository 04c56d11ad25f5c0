import type { Clock } from '../runtime/clock';
import type { ZooKeeper } from '../zk/client';
import { CommandError } from './failure';

/** Silence is fine for as long as an ordinary connection takes. */
const REMARK_AFTER_MS = 3000;

export interface Patience {
  readonly hosts: string;
  /** 0 = wait for ever. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly complain: (line: string) => void;
}

/** Waits for the first session, saying so after a few seconds; `CommandError` when the patience is over. */
export async function untilConnected(zk: Pick<ZooKeeper, 'connected'>, patience: Patience): Promise<void> {
  const { hosts, timeoutMs, clock, signal, complain } = patience;
  const over = new AbortController();
  const rest = timeoutMs === 0 ? '' : `; giving up after ${timeoutMs / 1000} s (--timeout)`;
  const remark = clock.after(REMARK_AFTER_MS, () => complain(`waiting for ZooKeeper at ${hosts}${rest}`));
  const timer = timeoutMs === 0 ? undefined : clock.after(timeoutMs, () => over.abort());
  try {
    await zk.connected(AbortSignal.any([signal, over.signal]));
  } catch (error) {
    if (!over.signal.aborted) throw error;
    throw new CommandError(`no connection to ZooKeeper at ${hosts} within ${timeoutMs / 1000} s`, { cause: error });
  } finally {
    remark.cancel();
    timer?.cancel();
  }
}
