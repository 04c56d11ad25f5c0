import type { Logger } from '../runtime/log';
import type { ConnectionState, Session } from './client';

type Listener = (state: ConnectionState, session: Session | undefined) => void;

/** The present state and who wants to hear of changes. What a listener throws is logged and disturbs nobody else. */
export class StateBoard {
  #state: ConnectionState = 'connecting';
  readonly #listeners = new Set<{ readonly call: Listener }>();

  constructor(private readonly log: Logger) {}

  get state(): ConnectionState {
    return this.#state;
  }

  listen(listener: Listener): () => void {
    const entry = { call: listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Changes the state, then does `first`, then tells everyone. A listener that moves the state on ends the round. */
  enter(state: ConnectionState, session: Session | undefined, first?: () => void): void {
    this.#state = state;
    first?.();
    for (const it of [...this.#listeners]) {
      if (this.#state !== state) return;
      if (!this.#listeners.has(it)) continue;
      try {
        it.call(state, session);
      } catch (error) {
        this.log.error('state listener failed', { err: error, state });
      }
    }
  }
}
