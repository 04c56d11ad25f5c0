/** A znode as it stands in a tree. */
export interface SeenZnode {
  readonly path: string;
  readonly data: string;
  readonly ephemeral: boolean;
}

type Json = Record<string, unknown>;
type Rule = readonly [complaint: string, isBroken: (it: Json) => boolean];

const IMAGE_STATES = ['building', 'ready', 'failed', 'deleting'];
const UPLOAD_STATES = ['uploading', 'ready', 'failed', 'deleting'];
const REQUEST_STATES = ['requested', 'pending', 'fulfilled', 'failed'];
const NODE_STATES = 'init building testing ready in-use used hold deleting failed aborted deleted'.split(' ');

const isText = (it: unknown) => typeof it === 'string';
const isTextOrNull = (it: unknown) => it === null || isText(it);
const isNumber = (it: unknown) => typeof it === 'number';
const isTexts = (it: unknown) => Array.isArray(it) && it.every(isText);

const stamped = (states: readonly string[]): Rule[] => [
  ['has a state that stops every loop over the records', (it) => !states.includes(it['state'] as string)],
  ['has a state_time that cannot be compared', (it) => !isNumber(it['state_time'])],
];
const typed = (keys: readonly string[], fits: (value: unknown) => boolean, ifAbsent: boolean): Rule[] =>
  keys.map((key) => [`has no usable ${key}`, (it) => (key in it ? !fits(it[key]) : !ifAbsent)]);

/** zk-tree.md 4. */
const BUILD: readonly Rule[] = [
  ...stamped(IMAGE_STATES),
  ...typed(['builder', 'builder_id', 'formats'], isText, true),
  ...typed(['username', 'python_path', 'shell_type'], isTextOrNull, false),
  ['has formats that are not sorted', (it) => isText(it['formats']) && !isSorted(it['formats'] as string)],
];
const isSorted = (formats: string) => formats === formats.split(',').sort().join(',');

/** zk-tree.md 5: all keys are always written. */
const UPLOAD: readonly Rule[] = [
  ...stamped(UPLOAD_STATES),
  ...typed(['external_id', 'external_name', 'format', 'username', 'python_path', 'shell_type'], isTextOrNull, false),
  ['is ready without an id in the cloud', (it) => it['state'] === 'ready' && !isText(it['external_id'])],
];

/** zk-tree.md 7: the first seven Zuul reads without defaults. */
const REQUEST: readonly Rule[] = [
  ...stamped(REQUEST_STATES),
  ...typed(['node_types'], isTexts, false),
  ...typed(['requestor', 'provider', 'event_id'], isTextOrNull, false),
  ['has no requestor_data', (it) => !('requestor_data' in it)],
  ...typed(['nodes', 'declined_by'], isTexts, true),
  ...typed(['relative_priority'], isNumber, true),
  ...typed(['reuse'], (it) => typeof it === 'boolean', true),
  [
    'is fulfilled with nodes missing',
    (it) => it['state'] === 'fulfilled' && lengths(it, 'nodes') !== lengths(it, 'node_types'),
  ],
];
const lengths = (it: Json, key: string) => (it[key] as readonly unknown[] | undefined)?.length ?? 0;

/** zk-tree.md 8: Python writes all of these, and Zuul makes an attribute of each key. */
const NODE_KEYS =
  `state state_time cloud provider pool type allocated_to az region public_ipv4 private_ipv4 public_ipv6 host_id
  interface_ip connection_port ssh_port image_id launcher created_time external_id hostname comment user_data hold_job
  host_keys username connection_type shell_type hold_expiration resources slot attributes python_path tenant_name requestor
  driver_data`.split(/\s+/);
const NODE: readonly Rule[] = [
  ...stamped(NODE_STATES),
  ...typed(['type', 'host_keys'], isTexts, false),
  ...typed(['hold_expiration', 'slot', 'created_time'], (it) => it === null || isNumber(it), false),
  ...typed(
    ['allocated_to', 'provider', 'pool', 'launcher', 'interface_ip', 'image_id', 'username'],
    isTextOrNull,
    false,
  ),
  ['has two ports that differ', (it) => JSON.stringify(it['connection_port']) !== JSON.stringify(it['ssh_port'])],
  ...NODE_KEYS.map((key): Rule => [`lacks ${key}`, (it) => !(key in it)]),
  [
    'has a key that becomes an attribute of a node of Zuul',
    (it) => Object.keys(it).some((key) => !NODE_KEYS.includes(key) && key !== 'id'),
  ],
];

/** zk-tree.md 9. */
const COMPONENT: readonly Rule[] = [
  ...typed(['hostname', 'kind', 'version'], isText, false),
  ['has an unknown state', (it) => !['initializing', 'running', 'paused', 'stopped'].includes(it['state'] as string)],
  ['has a model_api that is no integer', (it) => !Number.isInteger(it['model_api'])],
  ...['id', 'name', 'provider_name'].map((key): Rule => [
    `lacks ${key}`,
    (it) => it['kind'] === 'pool' && !isText(it[key]),
  ]),
  ['offers no list of labels', (it) => it['kind'] === 'pool' && !isTexts(it['supported_labels'])],
  ['has no usable priority', (it) => it['kind'] === 'pool' && !Number.isInteger(it['priority'])],
];

const BUILD_ID = /^([0-9a-f]{32}|\d{10})$/;
const SEQUENCE = /^\d{10}$/;
const CONTENDER = /__lock__\d{10}$/;

interface Place {
  readonly what: string;
  readonly rules: readonly Rule[];
  readonly name: RegExp;
}

/** What Python takes a path for, by its depth alone (zk-tree.md 2, 12). */
function placeOf(parts: readonly string[]): Place | 'contender' | undefined {
  const [area, ...rest] = parts;
  const [depth, last] = [rest.length, parts.at(-1)!];
  if (parts.at(-2) === 'lock') return 'contender';
  if (area === 'requests-lock' && depth === 2) return 'contender';
  if (last === 'lock') return undefined;
  if (area === 'images' && depth === 3) return { what: 'build', rules: BUILD, name: BUILD_ID };
  if (area === 'images' && depth === 7) return { what: 'upload', rules: UPLOAD, name: SEQUENCE };
  if (area === 'requests' && depth === 1) return { what: 'request', rules: REQUEST, name: /^\d{3}-\d{10}$/ };
  if (area === 'nodes' && depth === 1) return { what: 'node', rules: NODE, name: SEQUENCE };
  if (area === 'components' && depth === 2) return { what: 'component', rules: COMPONENT, name: /.\d{10}$/ };
  return undefined;
}

/**
 * What Python's daemons, its command line and Zuul would stumble over in a tree: the rules of zk-tree.md 2 to 10 and 14
 * written down once more, without anything of ours. Empty if all is well.
 */
export function pythonComplaints(tree: readonly SeenZnode[]): string[] {
  return tree.flatMap(({ path, data, ephemeral }) => {
    const parts = path.split('/').slice(2);
    const place = path.startsWith('/nodepool/') ? placeOf(parts) : undefined;
    if (place === undefined) return [];
    if (place === 'contender') return CONTENDER.test(path) ? [] : [`${path}: is in a queue and no contender`];
    const named = place.name.test(parts.at(-1)!) ? [] : [`${path}: is not called like a ${place.what}`];
    const kept = place.what === 'component' && !ephemeral ? [`${path}: outlives its program`] : [];
    if (data === '') return [`${path}: is an empty ${place.what}`, ...named, ...kept];
    return [...named, ...kept, ...recordComplaints(data, place).map((it) => `${path}: ${it}`)];
  });
}

function recordComplaints(data: string, { rules }: Place): string[] {
  let record: unknown;
  try {
    record = JSON.parse(data);
  } catch {
    return ['is not JSON'];
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return ['is not an object'];
  const json = record as Json;
  return rules.filter(([, isBroken]) => isBroken(json)).map(([complaint]) => complaint);
}
