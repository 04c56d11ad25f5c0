import type { ListPage } from './lists';
import { WebList } from './web-list';

/** Choices of columns that are kept ready; more push out the one that was not asked for longest. */
const MOST_CHOICES = 4;

/** A list with what is kept of its rows, for all columns and for some choices of them. */
export class ListWords {
  readonly #all: WebList<object>;
  readonly #choices = new Map<string, WebList<object>>();

  constructor(readonly page: ListPage) {
    this.#all = new WebList(page.columns);
  }

  /** `fields` picks columns by their JSON keys; order is that of the list, unknown keys are ignored. */
  list(fields: ReadonlySet<string> | undefined): WebList<object> {
    if (fields === undefined) return this.#all;
    const columns = this.page.columns.filter((it) => fields.has(it.field));
    const key = columns.map((it) => it.field).join();
    const list = this.#choices.get(key) ?? new WebList(columns);
    this.#choices.delete(key);
    this.#choices.set(key, list);
    for (const oldest of this.#choices.keys()) if (this.#choices.size > MOST_CHOICES) this.#choices.delete(oldest);
    return list;
  }

  /** For a few rows, so that what is kept of all the others stays. */
  once(fields: ReadonlySet<string> | undefined): WebList<object> {
    return new WebList(this.page.columns.filter((it) => fields?.has(it.field) ?? true));
  }
}
