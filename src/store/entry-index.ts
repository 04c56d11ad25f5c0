/**
 * Entries kept up to date from what was touched. A touch only notes the name; the entry is built when the map is next
 * looked at, so a burst of events costs one rebuild of each thing it touches, and a reader never sees a half of it.
 */
export class EntryIndex<E> {
  readonly #entries = new Map<string, E>();
  readonly #touched = new Set<string>();

  /** `build` makes the entry of a name, undefined if there is none, or returns `before` if nothing changed. */
  constructor(private readonly build: (name: string, before: E | undefined) => E | undefined) {}

  touch(name: string): void {
    this.#touched.add(name);
  }

  get entries(): ReadonlyMap<string, E> {
    if (this.#touched.size > 0) this.#rebuild();
    return this.#entries;
  }

  #rebuild(): void {
    for (const name of this.#touched) {
      const before = this.#entries.get(name);
      const after = this.build(name, before);
      if (after === undefined) this.#entries.delete(name);
      else if (after !== before) this.#entries.set(name, after);
    }
    this.#touched.clear();
  }
}
