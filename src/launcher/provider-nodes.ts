import type { KnownNode } from '../decide/node-index';
import type { World, WorldChange } from './world';

/** The nodes of one provider, kept in step with the world: an event costs what it touches. */
export class ProviderNodes {
  readonly #known = new Map<string, KnownNode>();
  readonly close: () => void;

  constructor(
    private readonly world: World,
    private readonly provider: string,
    private readonly onChange: () => void,
  ) {
    for (const { id } of world.nodes.all()) this.#look(id);
    this.close = world.onChange((change) => this.#take(change));
  }

  /** Whether what is missing is really not there. */
  get fresh(): boolean {
    return this.world.fresh;
  }

  get(id: string): KnownNode | undefined {
    return this.#known.get(id);
  }

  all(): Iterable<KnownNode> {
    return this.#known.values();
  }

  #take({ nodes, requests }: WorldChange): void {
    let ours = nodes.size === 0 && requests.size === 0; // e.g. the view is fresh again
    for (const id of nodes) ours = this.#look(id) || ours;
    if (ours) this.onChange();
  }

  /** Whether it is, or was, one of ours. */
  #look(id: string): boolean {
    const was = this.#known.delete(id);
    const fact = this.world.nodes.get(id);
    if (fact?.record?.provider !== this.provider) return was;
    this.#known.set(id, { ...fact, record: fact.record });
    return true;
  }
}
