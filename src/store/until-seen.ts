import type { View } from './api';

/**
 * What `look` finds in a view, now or after a change. Rejects with the reason of `signal`, or with what `look` throws.
 * Leaves no listener behind.
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
      try {
        const found = look();
        if (found !== undefined) end(() => resolve(found));
      } catch (error) {
        end(() => reject(error as Error));
      }
    };
    const stop = view.onChange(onChange);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else onChange();
  });
}
