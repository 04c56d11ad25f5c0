import { fillTemplate } from '../../../src/decide/request-template';
import { RawJson } from '../../../src/model/json';
import { request } from '../../support/node-facts';

const record = request({
  nodeTypes: ['small', 'big'],
  tenantName: 'acme',
  relativePriority: 3,
  requestorData: RawJson.of({ job_name: 'unit', deep: { list: [1, "it's", null, true] } }),
});

test.each([
  ['plain', 'plain'],
  ['{request.id}', '200-1'],
  ['job {request.requestor_data[job_name]} of {request.tenant_name}', 'job unit of acme'],
  ['{request.labels[1]}', 'big'],
  ['{request.labels}', "['small', 'big']"],
  ['{request.event_id}', 'None'],
  ['{request.relative_priority}', '3'],
  ['{{{request.tenant_name}}}', '{acme}'],
  ['{request.requestor_data[deep]}', "{'list': [1, 'it\\'s', None, True]}"],
])('%s', (template, expected) => {
  expect(fillTemplate(template, '200-1', record)).toBe(expected);
});

test.each([
  '{request.unknown}',
  '{request.requestor_data[missing]}',
  '{request.labels[7]}',
  '{other.id}',
  '{request.tenant_name[x]}',
  '{',
  'a } b',
  '{request.constructor}',
])('refuses %s', (template) => {
  expect(() => fillTemplate(template, '200-1', record)).toThrow();
});
