import { type Fields, type Logger, silentLogger } from '../../src/runtime/log';

type Level = 'info' | 'warn' | 'error';

/** A log whose messages tests look at and wait for. */
export class Said {
  readonly messages: { readonly level: Level; readonly message: string; readonly fields: Fields }[] = [];
  readonly log = this.#logger({});
  #read = 0;
  #wake: () => void = () => undefined;

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

  #logger(base: Fields): Logger {
    const at = (level: Level) => (message: string, fields?: Fields) => {
      this.messages.push({ level, message, fields: { ...base, ...fields } });
      this.#wake();
    };
    return {
      ...silentLogger,
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => this.#logger({ ...base, ...fields }),
    };
  }
}
