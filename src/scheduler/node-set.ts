import { type Json, RawJson } from '../model/json';
import type { Node } from '../model/records';
import type { NodeClaim } from '../store/api';
import type { Acceptor } from './accept-nodes';

/** A node that is locked by us. */
export interface AcceptedNode {
  readonly id: string;
  /** As last read or written by us; nobody else may write it while we hold the lock. */
  readonly record: Node;
}

export interface HoldOptions {
  /** Shown to whoever looks at the held node. */
  readonly reason: string;
  /** Zuul: `tenant project job ref-filter`, joined by blanks. */
  readonly job: string;
  /** Seconds until the launcher deletes it; 0 or absent leaves that to its `max-hold-age`. */
  readonly expirationSeconds?: number;
}

/** How the work on the nodes ended, for whoever counts failures of a job. */
export interface WorkResult {
  readonly result: 'success' | 'failure' | 'aborted';
  readonly job: string;
}

/** Nodes that were requested together, in the order of the labels. Locked until `release`. */
export class NodeSet {
  /** Aborts when a lock is lost: from then on that node may be deleted under the work, and writes fail. */
  readonly signal: AbortSignal;
  #result: WorkResult | undefined;
  readonly #claims: readonly NodeClaim[];
  readonly #by: Acceptor;

  constructor(
    /** Id of the request that they came from. */
    readonly request: string,
    claims: readonly NodeClaim[],
    by: Acceptor,
  ) {
    this.#claims = claims;
    this.#by = by;
    this.signal = AbortSignal.any(claims.map((it) => it.signal));
  }

  get nodes(): readonly AcceptedNode[] {
    return this.#claims.map((it) => ({ id: it.id, record: it.current.record }));
  }

  /** What `release` was told. */
  get result(): WorkResult | undefined {
    return this.#result;
  }

  /**
   * Marks all nodes `in-use`, before the first thing is done on them. An object in `userData` is completed by
   * `zuul_system`, by which a system knows its own nodes (zuul-client.md 8). Throws a ClaimLostError.
   */
  async use(userData: Json = {}): Promise<void> {
    const isObject = typeof userData === 'object' && userData !== null && !Array.isArray(userData);
    const data = RawJson.of(isObject ? { zuul_system: this.#by.owner, ...userData } : userData);
    await this.#writeAll(() => ({ state: 'in-use', userData: data }));
  }

  /** Marks the nodes that are `in-use` as `used`: the launcher deletes them once they are unlocked. Throws a ClaimLostError. */
  async markUsed(): Promise<void> {
    await this.#writeAll(({ state }) => (state === 'in-use' ? { state: 'used' } : undefined));
  }

  /** Keeps all nodes for somebody to look at (zuul-client.md 12); `release` them afterwards. Throws a ClaimLostError. */
  async hold({ reason, job, expirationSeconds = 0 }: HoldOptions): Promise<void> {
    await this.#writeAll(() => ({
      state: 'hold',
      comment: reason,
      holdJob: job,
      ...(expirationSeconds === 0 ? {} : { holdExpiration: Math.trunc(expirationSeconds) }),
    }));
  }

  /**
   * Gives the nodes back: those still `in-use` as used, those never used for others to use. Never throws; a node that cannot
   * be marked is unlocked all the same, and deleted for that by the launcher. After a `failure`, nodes that were in use are
   * held as long as `nodepool job-create` asked for nodes of the job and has not got as many. Idempotent.
   */
  async release(result?: WorkResult): Promise<void> {
    this.#result ??= result;
    await Promise.all(this.#claims.map((it) => this.#returnNode(it)));
  }

  async #returnNode(claim: NodeClaim): Promise<void> {
    try {
      if (claim.current.record.state === 'in-use' && !claim.signal.aborted)
        await claim.writeAndRelease((await this.#holdFor(claim)) ?? { state: 'used' });
    } catch (error) {
      this.#by.log.warn('node not marked used', { err: error, node: claim.id, request: this.request });
    }
    await claim.release();
  }

  /** The words of the releases before 3.0 (cli.md 10.2). */
  async #holdFor(claim: NodeClaim): Promise<Partial<Node> | undefined> {
    if (this.#result?.result !== 'failure') return undefined;
    const { job } = this.#result;
    try {
      if (!(await this.#by.takePlace(job, claim.id))) return undefined;
    } catch (error) {
      this.#by.log.warn('not known whether to hold the node', { err: error, node: claim.id, job });
      return undefined;
    }
    return { state: 'hold', comment: `Automatically held after failing ${job}`, holdJob: job };
  }

  /** Writes all before it tells of a failure, so that one lost node does not leave the others in the wrong state. */
  async #writeAll(changeOf: (node: Node) => Partial<Node> | undefined): Promise<void> {
    const writes = this.#claims.flatMap((it) => {
      const change = changeOf(it.current.record);
      return change === undefined ? [] : [it.write(change)];
    });
    const outcomes = await Promise.allSettled(writes);
    const failed = outcomes.find((it) => it.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
