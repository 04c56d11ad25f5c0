import { HeldNode } from '../../../src/launcher/held-node';
import { ClaimLostError, type NodeClaim } from '../../../src/store/api';
import { ZkError } from '../../../src/zk/errors';
import { node } from '../../support/node-facts';
import { Said } from '../../support/said';

test.each<readonly [string, Error, number]>([
  ['that is somebody else’s by now', new ClaimLostError('/nodepool/nodes/1', 'lock-gone'), 0],
  ['that cannot be written', new ZkError('NO_AUTH', '/nodepool/nodes/1'), 1],
])('a node %s is let go all the same', async (_title, error, told) => {
  const said = new Said();
  const release = jest.fn(() => Promise.resolve());
  const claim: Partial<NodeClaim> = {
    id: '1',
    current: { record: node({ state: 'building' }) } as NodeClaim['current'],
    isHeld: () => true,
    writeAndRelease: () => Promise.reject(error),
    release,
  };
  const held = new HeldNode(claim as NodeClaim, said.log);
  held.writeLater({ state: 'ready' });
  await held.release();
  expect(release).toHaveBeenCalledTimes(1);
  const warning = { level: 'warn', fields: { node: '1', state: 'ready', err: error } };
  expect(said.messages).toMatchObject(Array.from({ length: told }, () => warning));
});
