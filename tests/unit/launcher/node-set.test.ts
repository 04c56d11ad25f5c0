import type { HeldNode } from '../../../src/launcher/held-node';
import { NodeSet } from '../../../src/launcher/node-set';
import { node, request } from '../../support/node-facts';

/** As much of a held node as a set looks at. */
function heldNode(az: string | null): HeldNode {
  return { id: '1', record: node({ az }) } as HeldNode;
}

const twoNodes = () => new NodeSet(request({ nodeTypes: ['small', 'small'] }));
const launched = Promise.resolve('ready' as const);

test('the zone that the cloud chose for a node asked for without one holds for the rest of the set', () => {
  const set = twoNodes();
  const first = heldNode(null);
  set.fixZone(undefined);
  set.fill(0, first, launched);
  expect(set.zone).toBeUndefined();
  (first as { record: unknown }).record = node({ az: 'az1' });
  expect(set.zone).toBe('az1');
  set.fixZone('az2');
  expect(set.zone).toBe('az1');
});

test('a zone stays fixed while a node is there, and is free again with the last one', async () => {
  const set = twoNodes();
  set.fixZone('az2');
  set.fill(0, heldNode(null), launched);
  set.fill(1, heldNode('az2'), Promise.resolve('aborted' as const), 'aborted');
  set.takeOut('aborted');
  expect(set.zone).toBe('az2');
  await launched;
  set.takeOut('ready');
  expect(set.zone).toBeUndefined();
});
