import { fc } from '../../support/property';
import { parseComponent, parsePool, printComponent } from '../../../src/model/component-record';
import {
  newBuild,
  newUpload,
  parseBuild,
  parseUpload,
  printBuild,
  printUpload,
} from '../../../src/model/image-records';
import { RawJson } from '../../../src/model/json';
import { newNode, parseNode, printNode } from '../../../src/model/node-record';
import { RecordError } from '../../../src/model/record-error';
import { NODE_STATES, REQUEST_STATES } from '../../../src/model/records';
import { newRequest, parseRequest, printRequest } from '../../../src/model/request-record';

const data = (text: string) => Buffer.from(text);
const STATED = '"state":"ready","state_time":1.5';
const node = (members = '') => parseNode(data(`{${STATED}${members === '' ? '' : ','}${members}}`));
const printed = (it: Buffer) => JSON.parse(it.toString()) as Record<string, unknown>;

describe('what is missing', () => {
  test('from a node takes the defaults of the table', () => {
    const { stateTime, createdTime, ...fresh } = newNode({ provider: null, pool: null, type: [], stateTime: 7 });
    expect(node()).toEqual({ ...fresh, state: 'ready', stateTime: 1.5, createdTime: null });
    expect([stateTime, createdTime]).toEqual([7, 7]);
  });

  test('from a request, build, upload or pool too', () => {
    expect(parseRequest(data('{"state":"requested","state_time":1}'))).toEqual(
      newRequest({ nodeTypes: [], requestor: null, stateTime: 1 }),
    );
    expect(parseBuild(data(`{${STATED}}`))).toEqual({
      state: 'ready',
      stateTime: 1.5,
      builder: null,
      builderId: null,
      formats: [],
      username: 'zuul',
      pythonPath: '/usr/bin/python2',
      shellType: null,
    });
    expect(parseUpload(data(`{${STATED}}`))).toMatchObject({ username: 'zuul', pythonPath: '/usr/bin/python2' });
    expect(parsePool(data('{"kind":"pool"}'))).toEqual({
      kind: 'pool',
      hostname: '',
      state: 'initializing',
      version: null,
      modelApi: 0,
      id: null,
      name: null,
      providerName: null,
      supportedLabels: [],
      priority: 100,
      paused: false,
    });
  });

  test('as the state time is when the znode was written', () => {
    expect(parseNode(data('{"state":"hold"}'), 42).stateTime).toBe(42);
    expect(parseNode(data('{"state":"hold","state_time":null}'), 42).stateTime).toBe(42);
  });
});

test.each([
  ['', '', undefined, 22],
  ['ssh_port', '"ssh_port":2222', undefined, 2222],
  ['both', '"connection_port":1,"ssh_port":2', undefined, 1],
  ['an object', '"connection_port":{"host":"h"}', undefined, { host: 'h' }],
  ['null of its own', '"connection_port":null,"ssh_port":22', undefined, null],
])('the port from %s', (_title, members, _unused, port) => {
  const parsed = node(members);
  expect(parsed.connectionPort).toEqual(port);
  expect(printed(printNode(parsed))).toMatchObject({ connection_port: port, ssh_port: port });
});

test.each([
  ['null', null],
  ['60', 60],
  ['60.9', 60],
  ['"60"', 60],
  ['" 60 "', 60],
  ['"soon"', 0],
  ['"60.5"', 0],
  ['[]', 0],
])('hold_expiration %s is %s', (text, seconds) => {
  expect(node(`"hold_expiration":${text}`).holdExpiration).toBe(seconds);
});

test('a type may be a plain string, and is written as a list', () => {
  expect(node('"type":"small"').type).toEqual(['small']);
  expect(printed(printNode(node('"type":"small"')))['type']).toEqual(['small']);
});

test('the id that Zuul adds is dropped; other unknown keys stay, exact, after the known ones', () => {
  const parsed = node('"id":"0000000001","later":{"n":  12345678901234567890},"__proto__":[1.0]');
  const text = printNode(parsed).toString();
  expect(text).not.toContain('"id"');
  expect(text).toMatch(/"requestor": null, "later": \{"n":  12345678901234567890\}, "__proto__": \[1\.0\]\}$/);
});

test('an unknown key never overwrites a known one', () => {
  const record = { ...node(), unknown: { state: RawJson.of('lost'), ssh_port: RawJson.of(1), id: RawJson.of('x') } };
  expect(printed(printNode(record))).toMatchObject({ state: 'ready', ssh_port: 22 });
});

test.each([
  ['user_data', '{"a": 263682778656125482492710237598244798609, "b":"\\u00e9é"}'],
  ['user_data', '"{\\"owner\\": 1}"'],
  ['driver_data', '[1.0, 1e2]'],
  ['external_id', '{"id":12345678901234567890}'],
  ['attributes', '{"zone":12345678901234567890}'],
  ['connection_port', '{"token":12345678901234567890}'],
])('%s %s comes out as it went in', (key, text) => {
  const moved = { ...node(`"${key}":${text}`), state: 'in-use' } as const;
  expect(printNode(moved).toString()).toContain(`"${key}": ${text}`);
});

test('formats are one sorted string, omitted when there are none', () => {
  const build = newBuild({ builder: 'b', builderId: 'i', formats: ['raw', 'qcow2', 'raw'], stateTime: 1 });
  expect(printed(printBuild(build))['formats']).toBe('qcow2,raw');
  expect(printed(printBuild({ ...build, formats: [], builder: null }))).toEqual({
    state: 'building',
    state_time: 1,
    builder_id: 'i',
    username: null,
    python_path: null,
    shell_type: null,
  });
  expect(parseBuild(data(`{${STATED},"formats":"raw, qcow2,"}`)).formats).toEqual(['qcow2', 'raw']);
});

describe('broken records', () => {
  const table: [string, string | Buffer, string][] = [
    ['nothing', '', 'empty'],
    ['no JSON', '{', 'not JSON'],
    ['a byte order mark', '\ufeff{}', 'not JSON'],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d]), 'not UTF-8'],
    ['a list', '[]', 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['no state', '{}', 'state is missing'],
    ['a state of our own', '{"state":"adopted"}', 'state "adopted" is unknown'],
    ['null as state', '{"state":null}', 'state null is unknown'],
    ['a text as time', '{"state":"ready","state_time":"1"}', 'state_time is not a number'],
    ['a number as provider', `{${STATED},"provider":1}`, 'provider is not a string'],
    ['a text as host keys', `{${STATED},"host_keys":"k"}`, 'host_keys is not a list of strings'],
    ['a number as type', `{${STATED},"type":1}`, 'type is not a list of strings'],
    ['a list as resources', `{${STATED},"resources":[]}`, 'resources is not an object of numbers'],
    ['a text as cores', `{${STATED},"resources":{"cores":"4"}}`, 'resources is not an object of numbers'],
    ['a text as attributes', `{${STATED},"attributes":"a"}`, 'attributes is not an object'],
    ['a text as slot', `{${STATED},"slot":"1"}`, 'slot is not a number'],
  ];
  test.each(table)('%s', (_title, text, message) => {
    const parse = () => parseNode(Buffer.from(text as string));
    expect(parse).toThrow(RecordError);
    expect(parse).toThrow(message);
  });

  test.each([
    ['{"state":"requested","relative_priority":"1"}', 'relative_priority is not a number'],
    ['{"state":"requested","reuse":"no"}', 'reuse is not true or false'],
    ['{"state":"used"}', 'state "used" is unknown'],
  ])('request %s', (text, message) => {
    expect(() => parseRequest(data(text))).toThrow(message);
  });

  test.each([
    ['{"kind":"zeppelin"}', 'kind "zeppelin" is unknown'],
    ['{}', 'kind is missing'],
  ])('component %s', (text, message) => {
    expect(() => parseComponent(data(text))).toThrow(message);
  });
});

test('null where Python tolerates it', () => {
  const request = parseRequest(data('{"state":"requested","relative_priority":null,"reuse":null,"nodes":null}'));
  expect(request).toMatchObject({ relativePriority: 0, reuse: false, nodes: [] });
});

test('a component of an unknown state is still there', () => {
  expect(parseComponent(data('{"kind":"pool","state":"dreaming","id":"a"}'))).toMatchObject({ id: 'a' });
});

const nullable = <T>(it: fc.Arbitrary<T>) => fc.option(it, { nil: null });
const texts = fc.array(fc.string());
const raw = nullable(fc.jsonValue().map((it) => RawJson.ofText(JSON.stringify(it))));
const notNull = raw.map((it) => (it?.text === 'null' ? null : it));
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => it + 0);

test('whatever a node says comes back', () => {
  const nodes = fc.record({
    state: fc.constantFrom(...NODE_STATES),
    stateTime: finite,
    type: texts,
    provider: nullable(fc.string()),
    comment: nullable(fc.string({ unit: 'binary' })),
    userData: notNull,
    driverData: notNull,
    slot: nullable(fc.integer()),
    holdExpiration: nullable(fc.integer()),
    attributes: nullable(fc.dictionary(fc.string(), fc.string())),
    resources: nullable(fc.dictionary(fc.string(), fc.integer())),
    connectionPort: fc.oneof(fc.integer(), fc.constant(null), fc.dictionary(fc.string(), fc.string())),
  });
  fc.assert(
    fc.property(nodes, (it) => {
      const record = newNode({ pool: 'main', ...it } as Parameters<typeof newNode>[0]);
      expect(JSON.stringify(parseNode(printNode(record)))).toBe(
        JSON.stringify(parseNode(printNode(parseNode(printNode(record))))),
      );
      expect(parseNode(printNode(record))).toEqual(JSON.parse(JSON.stringify(record), reviveRaw));
    }),
  );
});

/** Numbers lose the sign of zero in JSON, and objects their prototypes; opaque texts are compared as such. */
function reviveRaw(this: unknown, key: string, value: unknown): unknown {
  if ((key === 'userData' || key === 'driverData') && value !== null && typeof value === 'object' && 'text' in value) {
    return RawJson.ofText(value.text as string);
  }
  return value;
}

test('whatever a request says comes back', () => {
  const requests = fc.record({
    state: fc.constantFrom(...REQUEST_STATES),
    stateTime: fc.integer(),
    nodeTypes: texts,
    nodes: texts,
    declinedBy: texts,
    reuse: fc.boolean(),
    requestor: nullable(fc.string()),
    requestorData: notNull,
    relativePriority: fc.integer(),
  });
  fc.assert(
    fc.property(requests, (it) => {
      const record = newRequest(it);
      expect(parseRequest(printRequest(record))).toEqual(record);
    }),
  );
});

test('uploads and components come back', () => {
  const upload = newUpload({ stateTime: 1, username: 'u', pythonPath: null, shellType: 's' });
  expect(parseUpload(printUpload(upload))).toEqual(upload);
  const component = { kind: 'builder', hostname: 'h', state: 'stopped', version: '1', modelApi: 0 } as const;
  expect(parseComponent(printComponent(component))).toEqual(component);
  expect(Object.keys(printed(printComponent(component)))).toEqual([
    'hostname',
    'kind',
    'model_api',
    'state',
    'version',
  ]);
});
