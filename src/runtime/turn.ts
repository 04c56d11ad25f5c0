/**
 * Calls back in the next turn of the event loop, after input and timers had their chance. A refusal delivered this way
 * cannot starve the loop, however eagerly the caller tries again; one delivered by a promise alone can.
 */
export function nextTurn(callback: () => void): void {
  setImmediate(callback);
}

const NOW = Promise.resolve();

/**
 * Calls back in a microtask, in order with those of promises. Costs a fraction of `queueMicrotask`, which makes an async resource
 * for each; what the callback throws is an unhandled rejection.
 */
export function inMicrotask(callback: () => void): void {
  void NOW.then(callback);
}
