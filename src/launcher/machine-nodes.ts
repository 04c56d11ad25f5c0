import type { KnownNode } from '../decide/node-index';
import { machineOfNode } from '../decide/plan-standing';
import type { World, WorldChange } from './world';

/** The nodes of one provider by the machines that they stand for, kept in step: an event costs what it touches. */
export class MachineNodes {
  readonly #known = new Map<string, KnownNode>();
  readonly #byMachine = new Map<string, readonly KnownNode[]>();
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

  get byMachine(): ReadonlyMap<string, readonly KnownNode[]> {
    return this.#byMachine;
  }

  #take({ nodes, requests }: WorldChange): void {
    let ours = nodes.size === 0 && requests.size === 0; // e.g. the view is fresh again
    for (const id of nodes) ours = this.#look(id) || ours;
    if (ours) this.onChange();
  }

  /** Whether it is, or was, one of ours. */
  #look(id: string): boolean {
    const before = this.#known.get(id);
    if (before !== undefined) this.#forget(before);
    const fact = this.world.nodes.get(id);
    if (fact?.record?.provider !== this.provider) return before !== undefined;
    const node = { ...fact, record: fact.record };
    const machine = machineOfNode(node.record);
    this.#known.set(id, node);
    this.#byMachine.set(machine, [...(this.#byMachine.get(machine) ?? []), node]);
    return true;
  }

  #forget(node: KnownNode): void {
    const machine = machineOfNode(node.record);
    const others = (this.#byMachine.get(machine) ?? []).filter((it) => it !== node);
    this.#known.delete(node.id);
    if (others.length === 0) this.#byMachine.delete(machine);
    else this.#byMachine.set(machine, others);
  }
}
