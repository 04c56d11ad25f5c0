import { setMaxListeners } from 'node:events';

/** A signal that aborts with the first of several. `release` lets go of them; call it when the work is over. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  release(): void;
}

/** Who follows a signal: one listener for all of them, because adding the n-th to a signal takes n steps. */
const followers = new WeakMap<
  AbortSignal,
  { readonly controllers: Set<AbortController>; readonly onAbort: () => void }
>();

/**
 * Like `AbortSignal.any`, which in Node 20 keeps a trace of every combination for as long as one source lives: too much
 * for sources that live as long as a provider and thousands of calls a second.
 */
export function linkSignals(...sources: readonly AbortSignal[]): LinkedSignal {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // many waits of one piece of work are no leak
  for (const it of sources) follow(it, controller);
  return {
    signal: controller.signal,
    release: () => {
      for (const it of sources) unfollow(it, controller);
    },
  };
}

function follow(source: AbortSignal, controller: AbortController): void {
  if (source.aborted) return controller.abort(source.reason);
  const present = followers.get(source);
  if (present !== undefined) return void present.controllers.add(controller);
  const controllers = new Set([controller]);
  const onAbort = () => {
    followers.delete(source);
    for (const it of controllers) it.abort(source.reason);
  };
  source.addEventListener('abort', onAbort, { once: true });
  followers.set(source, { controllers, onAbort });
}

function unfollow(source: AbortSignal, controller: AbortController): void {
  const present = followers.get(source);
  if (present === undefined || !present.controllers.delete(controller) || present.controllers.size > 0) return;
  source.removeEventListener('abort', present.onAbort);
  followers.delete(source);
}

/** Runs `work` under a signal that aborts with the first of `signals`, and lets go of them afterwards. */
export async function underAll<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const linked = linkSignals(...signals);
  try {
    return await work(linked.signal);
  } finally {
    linked.release();
  }
}
