/**
 * Whoever opens it, closes it. A scope owns resources and closes them last-opened first; it tries all of them and then
 * throws what failed as one AggregateError.
 *
 *     await using scope = new Scope();
 *     const server = scope.own(await listen(), (it) => it.close());
 */
export class Scope implements AsyncDisposable {
  readonly #closers: (() => unknown)[] = [];
  #closing: Promise<void> | undefined;

  /** Remembers how to close `resource` and returns it. After `close` began it is closed at once. */
  own<T>(resource: T, close: (resource: T) => unknown): T {
    if (this.#closing !== undefined) throw new Error('scope is closed already');
    this.#closers.push(() => close(resource));
    return resource;
  }

  /** Something to do at the end that belongs to no object. */
  defer(close: () => unknown): void {
    this.own(undefined, close);
  }

  /** Closes everything once; later calls wait for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'closing failed');
  }
}
