/** Of more than this a block is not made; a change costs the rows of a block, a list the blocks of all rows. */
const MOST_ROWS = 4;
/** Shorter blocks are made anew with what follows them, so that a list from which rows go does not fall to pieces. */
const FEWEST_ROWS = 2;

/**
 * Cuts lists of rows into blocks. A run of the same row objects gets the block that it had in the list before, with all that
 * the block keeps of them; only what is about a row that came, went or changed is made. Nothing is kept but the last list.
 */
export class RowBlocks<Row extends object, Block extends { readonly rows: readonly Row[] }> {
  /** By their first rows. */
  #last: ReadonlyMap<Row, Block> = new Map();

  constructor(private readonly make: (rows: readonly Row[]) => Block) {}

  of(rows: readonly Row[]): readonly Block[] {
    const blocks: Block[] = [];
    for (let at = 0; at < rows.length; at += blocks.at(-1)!.rows.length) {
      const before = this.#last.get(rows[at]!);
      const stays = before !== undefined && isAt(before.rows, rows, at);
      blocks.push(stays ? before : this.make(rows.slice(at, this.#endOf(rows, at))));
    }
    this.#last = new Map(blocks.map((it) => [it.rows[0]!, it]));
    return blocks;
  }

  /** A block that is made ends where one of the last list begins, if it can. */
  #endOf(rows: readonly Row[], at: number): number {
    const most = Math.min(rows.length, at + MOST_ROWS);
    let end = Math.min(rows.length, at + FEWEST_ROWS);
    while (end < most && !this.#last.has(rows[end]!)) end += 1;
    return end;
  }
}

function isAt<Row>(block: readonly Row[], rows: readonly Row[], at: number): boolean {
  const end = at + block.length;
  if (end > rows.length || (block.length < FEWEST_ROWS && end < rows.length)) return false;
  return block.every((it, index) => it === rows[at + index]);
}
