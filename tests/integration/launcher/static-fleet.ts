import { nodePath, NODES } from '../../../src/model/paths';
import type { NodeEntry, NodesView } from '../../../src/store/api';
import type { WatchEvent, WatchHandle, ZooKeeper } from '../../../src/zk/client';
import { isZkError } from '../../../src/zk/errors';
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

/**
 * Hears of every node from its creation to its end, in the server's order, for two at a time in one slot of one machine. Not
 * from a view: that keeps the order of what happens to each node, not that between nodes.
 */
export class SlotGuard {
  readonly #events: { readonly type: 'created' | 'deleted'; readonly id: string }[] = [];
  readonly #slots = new Map<string, Promise<string | undefined>>();
  #watch: WatchHandle | undefined;

  private constructor(private readonly zk: ZooKeeper) {}

  static async start({ zk }: Peer): Promise<SlotGuard> {
    const guard = new SlotGuard(zk);
    guard.#watch = await zk.addWatch(NODES, 'persistent-recursive', (it) => guard.#hear(it));
    return guard;
  }

  /** Number of nodes that were made up to now, and those of one slot that were there at a time. */
  async report(): Promise<{ readonly made: number; readonly twice: readonly string[] }> {
    await this.zk.sync(NODES); // all events up to here have arrived
    const slots = new Map<string, string | undefined>();
    for (const [id, slot] of this.#slots) slots.set(id, await slot);
    const present = new Map<string, string>();
    const twice: string[] = [];
    for (const { type, id } of this.#events) {
      const slot = slots.get(id);
      if (slot === undefined) continue;
      const other = present.get(slot);
      if (type === 'created' && other !== undefined) twice.push(`${slot}: ${other} and ${id}`);
      if (type === 'created') present.set(slot, id);
      else if (other === id) present.delete(slot);
    }
    return { made: slots.size, twice };
  }

  async stop(): Promise<void> {
    await this.#watch?.close();
  }

  #hear({ type, path }: WatchEvent): void {
    const id = /^\/nodepool\/nodes\/(\d{10})$/.exec(path)?.[1];
    if (id === undefined || (type !== 'created' && type !== 'deleted')) return;
    this.#events.push({ type, id });
    if (type === 'created') this.#slots.set(id, this.#slotOf(id));
  }

  /** Undefined: it is gone before it is read. */
  async #slotOf(id: string): Promise<string | undefined> {
    try {
      const record = JSON.parse((await this.zk.get(nodePath(id))).data.toString()) as Record<string, unknown>;
      return `${String(record['connection_port'])}/${String(record['slot'])}`;
    } catch (error) {
      if (isZkError(error, 'NO_NODE')) return undefined;
      throw error;
    }
  }
}
