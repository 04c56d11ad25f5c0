/** What a test waits for right now. A test that runs out of time leaves it here, for whoever closes its world to tell. */
export class PendingWaits {
  readonly #names = new Set<{ readonly name: string }>();

  /** Does the work under that name. */
  async during<T>(name: string, work: () => Promise<T>): Promise<T> {
    const entry = { name };
    this.#names.add(entry);
    try {
      return await work();
    } finally {
      this.#names.delete(entry);
    }
  }

  names(): readonly string[] {
    return [...this.#names].map((it) => it.name);
  }
}
