import { newNode } from '../../src/model/node-record';
import type { NodeRequest } from '../../src/model/records';
import type { RequestClaim, Store } from '../../src/store/api';

const never: AbortSignal = new AbortController().signal;

/** Does a launcher's part step by step, as a test tells it: the right order of writes and nothing of its own accord. */
export class ScriptedLauncher {
  constructor(private readonly store: Store) {}

  /** Locks a request and turns it pending. */
  async take(id: string): Promise<RequestClaim> {
    const claim = await this.store.requests.claim(id, never);
    if (claim === undefined) throw new Error(`request ${id} cannot be claimed`);
    await claim.write({ state: 'pending' });
    return claim;
  }

  /** Boots a node for each label, in order, and hands them over (zk-tree 7.2). Their ids. */
  async fulfil(claim: RequestClaim): Promise<readonly string[]> {
    const { record } = claim.current;
    const nodes: string[] = [];
    for (const label of record.nodeTypes) nodes.push(await this.boot(claim.id, label, record));
    await claim.write({ state: 'fulfilled', nodes });
    await claim.release();
    return nodes;
  }

  async boot(allocatedTo: string, label: string, request: NodeRequest): Promise<string> {
    const claim = await this.store.nodes.create(
      newNode({
        state: 'building',
        provider: 'east',
        pool: 'main',
        type: [label],
        stateTime: 1,
        allocatedTo,
        tenantName: request.tenantName,
        requestor: request.requestor,
      }),
      never,
    );
    await claim.write({ state: 'ready', interfaceIp: '127.0.0.1' });
    await claim.release();
    return claim.id;
  }

  async fail(claim: RequestClaim): Promise<void> {
    await claim.write({ state: 'failed', declinedBy: ['scripted'] });
    await claim.release();
  }

  /** Deletes an unlocked node, as the launcher does with garbage. */
  async reap(id: string): Promise<void> {
    const claim = await this.store.nodes.claim(id, never);
    if (claim === undefined) throw new Error(`node ${id} cannot be claimed`);
    await claim.write({ state: 'deleting' });
    await claim.remove();
  }
}
