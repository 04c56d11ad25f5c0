import { setMaxListeners } from 'node:events';

/** A signal that aborts with the first of several. `release` lets go of them; call it when the work is over. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  release(): void;
}

/**
 * Like `AbortSignal.any`, which in Node 20 keeps a trace of every combination for as long as one source lives: too much
 * for sources that live as long as a provider and thousands of calls a second.
 */
export function linkSignals(...sources: readonly AbortSignal[]): LinkedSignal {
  const controller = new AbortController();
  const onAbort = () => {
    const source = sources.find((it) => it.aborted);
    if (source !== undefined) controller.abort(source.reason);
  };
  setMaxListeners(0, controller.signal, ...sources); // many calls at a time under one signal are no leak
  for (const it of sources) it.addEventListener('abort', onAbort, { once: true });
  onAbort();
  return {
    signal: controller.signal,
    release: () => {
      for (const it of sources) it.removeEventListener('abort', onAbort);
    },
  };
}
