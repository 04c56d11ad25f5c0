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
    private readonly onChange: (machines: ReadonlySet<string>) => void,
  ) {
    const seen = new Set<string>();
    for (const { id } of world.nodes.all()) this.#look(id, seen);
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
    const machines = new Set<string>();
    for (const id of nodes) this.#look(id, machines);
    const isElse = nodes.size === 0 && requests.size === 0; // e.g. the view is fresh again
    if (machines.size > 0 || isElse) this.onChange(machines);
  }

  /** Adds the machines that the node stood or stands for to `touched`. */
  #look(id: string, touched: Set<string>): void {
    const before = this.#known.get(id);
    if (before !== undefined) touched.add(this.#forget(before));
    const fact = this.world.nodes.get(id);
    if (fact?.record?.provider !== this.provider) return;
    const node = { ...fact, record: fact.record };
    const machine = machineOfNode(node.record);
    touched.add(machine);
    this.#known.set(id, node);
    this.#byMachine.set(machine, [...(this.#byMachine.get(machine) ?? []), node]);
  }

  #forget(node: KnownNode): string {
    const machine = machineOfNode(node.record);
    const others = (this.#byMachine.get(machine) ?? []).filter((it) => it !== node);
    this.#known.delete(node.id);
    if (others.length === 0) this.#byMachine.delete(machine);
    else this.#byMachine.set(machine, others);
    return machine;
  }
}
