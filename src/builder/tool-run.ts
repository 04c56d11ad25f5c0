import type { Clock } from '../runtime/clock';
import { type Command, type ProcessEnd, startGroup } from '../runtime/processes';

/** How a run of the tool ended. `stopped` only after the process is gone. */
export type ToolEnd =
  | { readonly kind: 'exited'; readonly end: ProcessEnd }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'not-started'; readonly error: Error };

/**
 * Runs the tool until its process exits (its output may stay open for a minute longer, held by a lost child), until
 * `timeoutMs` have passed by the clock, or until the signal aborts. In the last two cases the whole group is killed.
 */
export async function runTool(
  command: Command,
  options: { readonly clock: Clock; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<ToolEnd> {
  if (signal.aborted) return { kind: 'aborted' };
  const group = await startGroup(command).catch((error: unknown) => error as Error);
  if (group instanceof Error) return { kind: 'not-started', error: group };
  let killed: 'timeout' | 'aborted' | undefined;
  const kill = (why: 'timeout' | 'aborted') => {
    killed ??= why;
    group.kill();
  };
  const onAbort = () => kill('aborted');
  const timer = options.clock.after(options.timeoutMs, () => kill('timeout'));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort(); // while it was being started
  try {
    const end = await group.ended;
    group.kill(); // whoever the tool left behind in its group
    return killed === undefined ? { kind: 'exited', end } : { kind: killed };
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
