import { type Logger, silentLogger } from '../../src/runtime/log';

type Fields = Readonly<Record<string, unknown>>;

/** A log whose messages tests wait for. */
export class Said {
  readonly messages: { readonly message: string; readonly fields: Fields }[] = [];
  #read = 0;
  #wake: () => void = () => undefined;

  readonly log: Logger = {
    ...silentLogger,
    child: () => this.log,
    info: (message: string, fields: Fields = {}) => this.#hear(message, fields),
    warn: (message: string, fields: Fields = {}) => this.#hear(message, fields),
    error: (message: string, fields: Fields = {}) => this.#hear(message, fields),
  };

  /** The fields of the next such message that nobody has waited for yet. */
  async next(message: string): Promise<Fields> {
    for (;;) {
      while (this.#read < this.messages.length) {
        const it = this.messages[this.#read++]!;
        if (it.message === message) return it.fields;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #hear(message: string, fields: Fields): void {
    this.messages.push({ message, fields });
    this.#wake();
  }
}
