import type { NodeEntry, NodesView } from '../../../src/store/api';
import type { SshMachine } from '../../support/ssh-machine';
import type { Peer } from './fleet';
import { until } from './fleet';

export interface MachineText {
  readonly machine: SshMachine;
  readonly labels?: string;
  readonly slots?: number;
  readonly hostKeys?: readonly string[];
  readonly extra?: string;
}

/** A configuration with one provider `racks` of driver static and one pool `main`. */
export function staticText(machines: readonly MachineText[], labels: readonly string[] = ['metal']): string {
  return [
    'labels:',
    ...labels.map((name) => `  - {name: ${name}}`),
    'providers:',
    '  - name: racks',
    '    driver: static',
    '    pools:',
    '      - name: main',
    '        node-attributes: {executor-zone: cellar}',
    machines.length === 0 ? '        nodes: []' : '        nodes:',
    ...machines.map(machineText),
    '',
  ].join('\n');
}

function machineText({ machine, labels = '[metal]', slots = 1, hostKeys, extra }: MachineText): string {
  return [
    `          - name: 127.0.0.1`,
    `            labels: ${labels}`,
    `            connection-port: ${machine.port}`,
    `            max-parallel-jobs: ${slots}`,
    ...(hostKeys === undefined ? [] : ['            host-key:', ...hostKeys.map((it) => `              - ${it}`)]),
    ...(extra === undefined ? [] : [`            ${extra}`]),
  ].join('\n');
}

/** Resolves when exactly these slots (`port/slot`) have a free ready node each, and no other node is left. By id. */
export function untilStock(view: NodesView, slots: readonly string[]): Promise<readonly NodeEntry[]> {
  const wanted = [...slots].sort().join();
  return until(view, () => {
    const nodes = [...view.nodes.values()];
    const free = nodes.filter((it) => it.record?.state === 'ready' && it.record.allocatedTo === null && !it.locked);
    return (
      free.length === nodes.length &&
      free.map(slotOf).sort().join() === wanted &&
      free.sort((a, b) => (a.id < b.id ? -1 : 1))
    );
  });
}

export function slotOf({ record }: NodeEntry): string {
  return `${JSON.stringify(record?.connectionPort)}/${record?.slot}`;
}

/** Looks at every state of the tree for two records in one slot of one machine. */
export class SlotGuard {
  readonly seen = new Set<string>();
  readonly #twice: string[] = [];
  readonly stop: () => void;

  private constructor(private readonly view: NodesView) {
    this.stop = view.onChange(() => this.#look());
    this.#look();
  }

  static async start(peer: Peer): Promise<SlotGuard> {
    const view = peer.store.nodes.view();
    await view.ready();
    return new SlotGuard(view);
  }

  /** What was ever there twice at a time. */
  get twice(): readonly string[] {
    return this.#twice;
  }

  #look(): void {
    const slots = new Map<string, string>();
    for (const entry of this.view.nodes.values()) {
      this.seen.add(entry.id);
      const slot = slotOf(entry);
      const other = slots.get(slot);
      if (other !== undefined) this.#twice.push(`${slot}: ${other} and ${entry.id}`);
      slots.set(slot, entry.id);
    }
  }
}
