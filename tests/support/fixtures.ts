import { join } from 'node:path';

/** Trees recorded from Python daemons. `NODEPOOL_TREE_FIXTURES` names another folder of the same shape. */
export const treeFixtures = process.env['NODEPOOL_TREE_FIXTURES'] ?? join(__dirname, '..', 'fixtures', 'tree');
