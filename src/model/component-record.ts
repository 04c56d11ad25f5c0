import { codec } from './codec';
import { type Field, flag, numberOr, text, texts } from './field';
import { RecordError } from './record-error';
import {
  type Component,
  COMPONENT_KINDS,
  type ComponentKind,
  COMPONENT_STATES,
  type ComponentState,
  type PoolComponent,
} from './records';

const hostname: Field<string> = {
  ...(text('hostname') as Field<string>),
  missing: () => '',
  read: (value) => (typeof value === 'string' ? value : ''),
};

/** Readers of the registry decide on presence: a word that we do not know must not make a component vanish from it. */
const componentState: Field<ComponentState> = {
  key: 'state',
  missing: () => 'initializing',
  read: (value) => COMPONENT_STATES.find((it) => it === value) ?? 'initializing',
  print: (value) => JSON.stringify(value),
};

const kindField: Field<ComponentKind> = {
  key: 'kind',
  missing: () => {
    throw new RecordError('kind is missing');
  },
  read: (value) => {
    const known = COMPONENT_KINDS.find((it) => it === value);
    if (known === undefined) throw new RecordError(`kind ${JSON.stringify(value)} is unknown`);
    return known;
  },
  print: (value) => JSON.stringify(value),
};

const common = {
  kind: kindField,
  hostname,
  state: componentState,
  version: text('version'),
  modelApi: numberOr('model_api', 0),
};

const plain = codec<Component>(common, { order: 'sorted' });

const pool = codec<PoolComponent>(
  {
    ...common,
    kind: kindField as Field<'pool'>,
    id: text('id'),
    name: text('name'),
    providerName: text('provider_name'),
    supportedLabels: texts('supported_labels'),
    priority: numberOr('priority', 100),
    paused: flag('paused', false),
  },
  {
    order: 'sorted',
    check: ({ kind }) => {
      if (kind !== 'pool') throw new RecordError('kind is not pool');
    },
  },
);

/** zk-tree 9, a component of kind `pool`. */
export const { parse: parsePool, print: printPool } = pool;

/** zk-tree 9, any component; one of kind `pool` has the fields of a pool. */
export function parseComponent(data: Buffer): Component | PoolComponent {
  const component = plain.parse(data);
  return component.kind === 'pool' ? pool.parse(data) : component;
}

/** With sorted keys, as the Python daemons write it. */
export function printComponent(component: Component | PoolComponent): Buffer {
  return isPool(component) ? pool.print(component) : plain.print(component);
}

function isPool(component: Component): component is PoolComponent {
  return component.kind === 'pool';
}
