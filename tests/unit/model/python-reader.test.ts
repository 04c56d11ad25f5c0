import { readTree, treeNames } from '../../support/fixture-tree';
import { pythonComplaints } from '../../support/python-reader';

/** The judge of trees that the tests of migration rely on. */
test.each(treeNames())('finds nothing wrong with %s, which Python wrote', (name) => {
  expect(pythonComplaints(readTree(name))).toEqual([]);
});

const BUILD = '/nodepool/images/deb/builds/0123456789abcdef0123456789abcdef';
const of = (area: string, name: string) => {
  const found = readTree(name).find((it) => it.path.startsWith(`/nodepool/${area}/`) && it.isJson)!;
  return { ...found, record: JSON.parse(found.data) as Record<string, unknown> };
};
const [node, request, component] = [
  of('nodes', '15-node-in-use-locked'),
  of('requests', '21-request-fulfilled-two-nodes'),
  of('components', '11-components-and-min-ready-building'),
];

test.each<[string, { path: string; data: string; ephemeral?: boolean }]>([
  ['is an empty build', { path: BUILD, data: '' }],
  ['is an empty node', { path: node.path, data: '' }],
  ['is not called like a build', { path: '/nodepool/images/deb/notes/one', data: '{}' }],
  ['is not called like a request', { ...request, path: '/nodepool/requests/fast-0000000001' }],
  ['is not JSON', { path: BUILD, data: '{' }],
  ['is not an object', { path: BUILD, data: '[]' }],
  ['has a state that', { ...node, data: JSON.stringify({ ...node.record, state: 'resting' }) }],
  ['has a state_time', { ...node, data: JSON.stringify({ ...node.record, state_time: '1' }) }],
  ['has no usable type', { ...node, data: JSON.stringify({ ...node.record, type: 'small' }) }],
  ['has two ports', { ...node, data: JSON.stringify({ ...node.record, ssh_port: 23 }) }],
  ['becomes an attribute', { ...node, data: JSON.stringify({ ...node.record, lock: 1 }) }],
  ['lacks az', { ...node, data: JSON.stringify({ ...node.record, az: undefined }) }],
  ['relative_priority', { ...request, data: JSON.stringify({ ...request.record, relative_priority: null }) }],
  ['no requestor_data', { ...request, data: JSON.stringify({ ...request.record, requestor_data: undefined }) }],
  ['nodes missing', { ...request, data: JSON.stringify({ ...request.record, nodes: [] }) }],
  ['model_api', { ...component, data: JSON.stringify({ ...component.record, model_api: '0' }) }],
  ['outlives its program', { ...component, ephemeral: false }],
  ['no contender', { path: `${node.path}/lock/mine`, data: '' }],
])('finds that something %s', (complaint, { path, data, ephemeral = true }) => {
  expect(pythonComplaints([{ path, data, ephemeral }]).join('\n')).toContain(complaint);
});
