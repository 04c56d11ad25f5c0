/** A queue whose ends cost the same at any length. */
export class Ring<T> {
  #items: (T | undefined)[] = new Array<T | undefined>(64).fill(undefined);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size) & (this.#items.length - 1)] = item;
    this.#size += 1;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#size -= 1;
    return item;
  }

  /** From the head; undefined beyond the end. */
  at(index: number): T | undefined {
    return index < this.#size ? this.#items[(this.#head + index) & (this.#items.length - 1)] : undefined;
  }

  /** Empties the queue and returns what was in it. */
  drain(): T[] {
    const items: T[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) items.push(item);
    return items;
  }

  /** The length stays a power of two, so that the index is a mask. */
  #grow(): void {
    const items = this.#items;
    const grown = new Array<T | undefined>(items.length * 2).fill(undefined);
    for (let index = 0; index < this.#size; index += 1) {
      grown[index] = items[(this.#head + index) & (items.length - 1)];
    }
    this.#items = grown;
    this.#head = 0;
  }
}
