import type { Random } from '../../runtime/random';
import { type AccountOptions, DEFAULT_OPTIONS } from './options';
import { type PortRecord, type Usage, NO_USAGE } from './model';
import { ImageShelf } from './image-shelf';
import { Networking } from './networking';
import { ServerRoom } from './server-room';
import { type Change, Table } from './tables';

/** What an account is given by its cloud. */
export interface AccountTools {
  readonly wall: () => number;
  readonly random: Random;
  readonly tell: (change: Change) => void;
  /** Servers came or went: `sign` 1 or -1. */
  readonly count: (usage: Usage, metadata: Readonly<Record<string, string>>, sign: 1 | -1) => void;
}

const OPTIONS_KEY = 'options';

/**
 * One project of the simulated cloud: what its servers, images, ports and addresses are at any moment. Changes only when
 * called; every change is told to the journal.
 */
export class Account {
  readonly #options: Table<'options'>;
  readonly servers: ServerRoom;
  readonly images: ImageShelf;
  readonly networking: Networking;

  constructor(
    readonly name: string,
    tools: AccountTools,
  ) {
    const options = () => this.options;
    this.#options = new Table(name, 'options', tools.tell);
    this.networking = new Networking(name, options, tools);
    this.images = new ImageShelf(name, options, tools);
    this.servers = new ServerRoom(name, options, tools, this.images, this.networking);
  }

  get options(): AccountOptions {
    return this.#options.get(OPTIONS_KEY) ?? DEFAULT_OPTIONS;
  }

  /** First use: the account exists from now on, with the ports that others left. */
  open(options: AccountOptions): void {
    if (this.#options.get(OPTIONS_KEY) !== undefined) return;
    this.configure(options);
  }

  configure(options: AccountOptions): void {
    const first = this.#options.get(OPTIONS_KEY) === undefined;
    this.#options.put(OPTIONS_KEY, options);
    if (first) this.networking.addLeakedPorts(options['leaked-ports']);
  }

  /** Takes a row back from the journal. */
  restore(change: Change): void {
    const { table, key } = change;
    if (table === 'options') this.#options.restore(key, change.row as AccountOptions | null);
    else if (table === 'servers') this.servers.restore(key, change.row as never);
    else if (table === 'images') this.images.table.restore(key, change.row as never);
    else if (table === 'ports') this.networking.ports.restore(key, change.row as PortRecord | null);
    else if (table === 'floatingIps') this.networking.floatingIps.restore(key, change.row as never);
  }

  /** All rows, as changes that would make them: a snapshot. */
  *rows(): Generator<Change> {
    const tables = [
      ['options', this.#options],
      ['servers', this.servers.table],
      ['images', this.images.table],
      ['ports', this.networking.ports],
      ['floatingIps', this.networking.floatingIps],
    ] as const;
    for (const [table, rows] of tables)
      for (const [key, row] of rows.entries()) yield { account: this.name, table, key, row };
  }

  get usage(): Usage {
    return this.servers.usage ?? NO_USAGE;
  }
}
