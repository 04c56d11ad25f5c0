/**
 * Calls back in the next turn of the event loop, after input and timers had their chance. A refusal delivered this way
 * cannot starve the loop, however eagerly the caller tries again; one delivered by a promise alone can.
 */
export function nextTurn(callback: () => void): void {
  setImmediate(callback);
}
