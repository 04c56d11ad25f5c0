import type { View } from '../store/api';

/**
 * What `look` finds in a view, now or after a change. Rejects with the reason of `signal`. Leaves no listener behind.
 */
export function untilSeen<T>(view: View, look: () => T | undefined, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      stop();
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = () => end(() => reject(signal.reason as Error));
    const onChange = () => {
      const found = look();
      if (found !== undefined) end(() => resolve(found));
    };
    const stop = view.onChange(onChange);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else onChange();
  });
}

/**
 * Runs `work` under a signal that aborts with the first of `signals`. Unlike `AbortSignal.any` it leaves nothing on them
 * afterwards, which matters for one that lives as long as the program.
 */
export async function underAll<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const all = new AbortController();
  const onAbort = () => all.abort(signals.find((it) => it.aborted)?.reason);
  for (const it of signals) it.addEventListener('abort', onAbort, { once: true });
  try {
    if (signals.some((it) => it.aborted)) onAbort();
    return await work(all.signal);
  } finally {
    for (const it of signals) it.removeEventListener('abort', onAbort);
  }
}
