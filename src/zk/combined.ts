import { nextTurn } from '../runtime/turn';
import type { Op, OpResult, ZooKeeper } from './client';
import { ZkError } from './errors';
import { forwarding } from './forwarding';

/** Transactions under way at once; what is asked for beyond that goes together with the next one. */
const IN_FLIGHT = 2;
/** A request of the server's default size is 1 MB, and one failing step costs a repetition of all. */
const MAX_STEPS = 200;
const MAX_BYTES = 256 * 1024;

/** After so many failures of one batch what is left of it goes each for itself, side by side. */
const TRIES_TOGETHER = 3;

interface Waiting {
  readonly ops: readonly Op[];
  readonly bytes: number;
  settle(results: readonly OpResult[]): void;
  fail(error: unknown): void;
}

/**
 * The same client, which sends transactions that are asked for in one turn of the event loop as one: a lone one leaves when that
 * ends, and under load one request, one entry in the server's log and one answer do for many. What each of them promises stays
 * as it was, its order included, with more in the same moment. Those that name the same znodes never go together, so that none can fail
 * by another's doing; when one fails, it alone is told so, and the others are sent again without it.
 */
export function combiningZooKeeper(zk: ZooKeeper): ZooKeeper {
  const queue = new TransactionQueue(zk);
  return Object.assign(forwarding(zk), {
    transaction: (ops: readonly Op[], options?: Parameters<ZooKeeper['transaction']>[1]) =>
      options === undefined ? queue.add(ops) : zk.transaction(ops, options), // with a patience of its own
  });
}

class TransactionQueue {
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #isDue = false;
  /** Of those on their way together: should one fail, the others are sent again, behind whatever left in between. */
  readonly #flights = new Set<Footprint>();

  constructor(private readonly zk: ZooKeeper) {}

  add(ops: readonly Op[]): Promise<readonly OpResult[]> {
    return new Promise((settle, fail) => {
      this.#waiting.push({ ops, bytes: sizeOf(ops), settle, fail });
      this.#leaveSoon();
    });
  }

  /** When this turn of the event loop ends: all that its input leads to goes together, and a lone one waits for nobody. */
  #leaveSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    nextTurn(() => {
      this.#isDue = false;
      this.#leave();
    });
  }

  #leave(): void {
    while (this.#waiting.length > 0 && this.#inFlight < IN_FLIGHT) {
      const batch = this.#take();
      if (batch.length === 0) return; // until what the first in line is about has landed
      void this.#send(batch);
    }
  }

  async #alone(ops: readonly Op[]): Promise<readonly OpResult[]> {
    this.#inFlight += 1;
    try {
      return await this.zk.transaction(ops);
    } finally {
      this.#landed();
    }
  }

  #landed(): void {
    this.#inFlight -= 1;
    this.#leave();
  }

  #mustWait(ops: readonly Op[]): boolean {
    return [...this.#flights].some((it) => it.isRelated(ops));
  }

  async #send(batch: readonly Waiting[], tries = 1): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    if (batch.length === 1) return this.#pass(first);
    const footprint = new Footprint(batch.flatMap((it) => it.ops));
    this.#flights.add(footprint);
    this.#inFlight += 1;
    try {
      const results = await this.zk.transaction(batch.flatMap((it) => it.ops));
      let at = 0;
      for (const { ops, settle } of batch) settle(results.slice(at, (at += ops.length)));
    } catch (error) {
      this.#judge(batch, error, tries);
    } finally {
      this.#flights.delete(footprint);
      this.#landed();
    }
  }

  /** One step that fails undoes all: whose it was hears of it. Any other failure, of the link or the session, is that of all. */
  #judge(batch: readonly Waiting[], error: unknown, tries: number): void {
    const failedOp = error instanceof ZkError ? error.failedOp : undefined;
    if (failedOp === undefined) {
      for (const it of batch) it.fail(error);
      return;
    }
    let start = 0;
    const culprit = batch.find(({ ops }) => failedOp < (start += ops.length));
    const rest = batch.filter((it) => it !== culprit);
    if (tries < TRIES_TOGETHER) void this.#send(rest, tries + 1);
    else for (const it of rest) void this.#pass(it);
    if (culprit === undefined) return; // an answer about none of them proves nothing
    const { code, path, cause } = error as ZkError;
    culprit.fail(new ZkError(code, path, failedOp - (start - culprit.ops.length), { cause }));
  }

  async #pass(it: Waiting): Promise<void> {
    await this.#alone(it.ops).then(it.settle, it.fail);
  }

  /** The first in line, and what may go with it; the order of the others stays. */
  #take(): readonly Waiting[] {
    const batch: Waiting[] = [];
    const paths = new Set<string>();
    let [steps, bytes] = [0, 0];
    for (const it of this.#waiting) {
      steps += it.ops.length;
      bytes += it.bytes;
      if (batch.length > 0 && (steps > MAX_STEPS || bytes > MAX_BYTES || touches(it, paths))) break;
      if (this.#mustWait(it.ops)) break;
      batch.push(it);
      for (const op of it.ops) if (!isSequential(op)) paths.add(op.path);
    }
    this.#waiting = this.#waiting.slice(batch.length);
    return batch;
  }
}

/** What transactions are about: the znodes they name, and those right above. */
class Footprint {
  readonly #paths = new Set<string>();
  readonly #parents = new Set<string>();

  constructor(ops: readonly Op[]) {
    for (const op of ops) {
      if (!isSequential(op)) this.#paths.add(op.path);
      this.#parents.add(parentOf(op.path));
    }
  }

  /** Whether the outcome of `ops` may depend on these: the same znode, one right above or one right below. */
  isRelated(ops: readonly Op[]): boolean {
    return ops.some(
      (op) => this.#parents.has(op.path) || this.#paths.has(parentOf(op.path)) || this.#paths.has(op.path),
    );
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function touches({ ops }: Waiting, paths: ReadonlySet<string>): boolean {
  return ops.some((it) => !isSequential(it) && paths.has(it.path));
}

/** The server completes the name: it is nobody else's. */
function isSequential(op: Op): boolean {
  return op.op === 'create' && op.mode?.includes('sequential') === true;
}

function sizeOf(ops: readonly Op[]): number {
  let bytes = 0;
  for (const it of ops) bytes += 100 + it.path.length + ('data' in it ? it.data.length : 0);
  return bytes;
}
