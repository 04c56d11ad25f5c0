import type { Node } from '../../../src/model/records';
import { configText, type Fleet, type Peer, untilRequest, useFleet } from './fleet';
import { leaveNode } from './fleet-steps';

const never = new AbortController().signal;
const limited = (most: number) => `tenant-resource-limits: [{tenant-name: acme, max-servers: ${most}}]`;

describe('requests of a tenant that has a limit', () => {
  let fleet: Fleet;
  let peer: Peer;
  useFleet((it) => ({ fleet, peer } = it));

  const submit = (count: number, tenantName: string, priority = 200) =>
    peer.scheduler.submit({ labels: Array.from({ length: count }, () => 'small'), tenantName, priority });
  const accept = async (request: Awaited<ReturnType<typeof submit>>) => {
    expect(await peer.scheduler.await(request, never)).toMatchObject({ state: 'fulfilled' });
    const nodes = await peer.scheduler.accept(request, never);
    await nodes.use();
    return nodes;
  };
  const leave = (changes: Partial<Node>) => leaveNode(peer, { tenantName: 'acme', ...changes });

  test('do not keep one another out with the room that they wait for', async () => {
    await fleet.launcher(configText({ maxServers: 3, top: limited(3) }));
    const others = await accept(await submit(3, 'other'));
    const late = await submit(3, 'acme');
    await untilRequest(peer.store, late.id, (it, locked) => it.state === 'pending' && locked);
    const early = await submit(2, 'acme', 100); // and its launcher dies when it has one of the two
    const claim = (await peer.store.requests.claim(early.id, never))!;
    await claim.write({ state: 'pending' });
    await leave({ state: 'ready', allocatedTo: early.id });
    await claim.release();
    await untilRequest(peer.store, early.id, (it, locked) => it.state === 'pending' && locked);
    await others.release();
    await (await accept(early)).release();
    await (await accept(late)).release();
  });

  test('are not kept out by unused nodes that count as the tenant’s', async () => {
    await fleet.launcher(configText({ top: limited(2) }));
    const unwanted = await submit(2, 'acme');
    expect(await peer.scheduler.await(unwanted, never)).toMatchObject({ state: 'fulfilled' });
    await peer.scheduler.cancel(unwanted);
    await (await accept(await submit(1, 'acme'))).release();
  });
});
