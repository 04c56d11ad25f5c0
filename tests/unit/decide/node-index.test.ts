import { fc } from '../../support/property';
import { NodeIndex } from '../../../src/decide/node-index';
import { Reservations } from '../../../src/decide/node-reservations';
import { minus, plus, remaining, shortage, Tally, total } from '../../../src/decide/quota';
import { tenantShortage } from '../../../src/decide/tenant-limits';
import type { Node } from '../../../src/model/records';
import { NODE_STATES } from '../../../src/model/records';
import { nodeFact } from '../../support/node-facts';

const weigh = (node: Node) => (node.pool === 'unknown' ? undefined : (node.resources ?? { instances: 1 }));

test.each([
  ['fits exactly', { cores: 8 }, { cores: 4 }, { cores: 4 }, undefined],
  ['one too much', { cores: 8 }, { cores: 4 }, { cores: 5 }, 'cores'],
  ['what is not limited does not count', { cores: 8 }, { ram: 10_000 }, { ram: 1 }, undefined],
  ['below zero before anything is asked', { cores: -1 }, {}, {}, 'cores'],
])('%s', (_title, limits, used, need, expected) => {
  expect(shortage(limits, used, need)).toBe(expected);
});

test('sums go over the union of keys', () => {
  expect(plus({ a: 1 }, { a: 2, b: 3 })).toEqual({ a: 3, b: 3 });
  expect(minus({ a: 1 }, { a: 2, b: 3 })).toEqual({ a: -1, b: -3 });
  expect(total([{ a: 1 }, {}, { a: 2, c: 1 }])).toEqual({ a: 3, c: 1 });
  expect(remaining({ a: 5, b: 1 }, { a: 2, c: 9 })).toEqual({ a: 3, b: 1 });
});

test('a tally forgets what has come back to nothing', () => {
  const tally = new Tally<string>();
  tally.add('x', { cores: 2 });
  tally.take('x', { cores: 2 });
  expect(tally.of('x')).toEqual({});
});

test('a tenant is bounded by its own limits only', () => {
  const limits = new Map([['acme', { instances: 1 }]]);
  const used = { instances: 1 };
  const need = { instances: 1 };
  expect(tenantShortage({ tenant: 'acme', limits, used, need })).toBe('instances');
  expect(tenantShortage({ tenant: 'other', limits, used, need })).toBeUndefined();
  expect(tenantShortage({ tenant: null, limits, used, need })).toBeUndefined();
});

const change = fc.record({
  state: fc.constantFrom(...NODE_STATES),
  allocatedTo: fc.constantFrom(null, '200-1', '200-2'),
  pool: fc.constantFrom('main', 'other', 'unknown'),
  type: fc.constantFrom(['small'], ['small', 'big'], ['big']),
  tenantName: fc.constantFrom(null, 'acme'),
  resources: fc.constantFrom(null, { cores: 4, instances: 1 }),
});
const step = fc.record({ id: fc.constantFrom('1', '2', '3', '4'), change: fc.option(change), empty: fc.boolean() });

test('an index that followed events equals one that was built from the end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const index = new NodeIndex(weigh);
      const model = new Map<string, ReturnType<typeof fact>>();
      for (const it of steps) {
        const now = fact(it);
        if (now === undefined) model.delete(it.id);
        else model.set(it.id, now);
        index.put(it.id, now);
      }
      const fresh = new NodeIndex(weigh);
      for (const [id, it] of model) fresh.put(id, it);
      expect(summary(index)).toEqual(summary(fresh));
    }),
  );
});

function fact(it: { readonly id: string; readonly change: Partial<Node> | null; readonly empty: boolean }) {
  if (it.change === null) return undefined;
  if (it.empty) return { id: it.id, record: undefined, broken: 'empty', locked: false, createdAt: 0 };
  return nodeFact(it.id, it.change);
}

function summary(index: NodeIndex) {
  const ids = (nodes: Iterable<{ readonly id: string }>) => [...nodes].map((it) => it.id).sort();
  return {
    size: index.size,
    all: ids(index.all()),
    garbage: ids(index.garbage()),
    unreadable: ids(index.unreadable.values()),
    states: NODE_STATES.map((it) => ids(index.inState(it).values())),
    allocated: [...index.allocated].map(([request, nodes]) => [request, ids(nodes.values())]).sort(),
    free: ['small', 'big'].map((it) => [index.freeCount(it), ids(index.free('fake-east', 'main', it))]),
    used: [index.used('fake-east'), index.used('fake-east', 'main'), index.used('fake-east', 'other')],
    tenant: index.usedByTenant('acme'),
  };
}

describe('reservations', () => {
  const spec = { provider: 'fake-east', pool: 'main', tenant: 'acme', need: { instances: 1 } };
  const used = (it: Reservations) => [it.used('fake-east').instances, it.usedByTenant('acme').instances];

  function setUp() {
    const index = new NodeIndex(weigh);
    return { index, reservations: new Reservations(() => index) };
  }

  test('count until given back, once', () => {
    const { reservations } = setUp();
    const place = reservations.reserve(spec);
    expect(used(reservations)).toEqual([1, 1]);
    place.release();
    place.release();
    expect(used(reservations)).toEqual([undefined, undefined]);
  });

  test.each(['before', 'after'])('a node that shows %s its place is bound counts once', (when) => {
    const { index, reservations } = setUp();
    const place = reservations.reserve(spec);
    const show = () => {
      index.put('1', nodeFact('1', { tenantName: 'acme' }));
      reservations.seen('1');
    };
    if (when === 'before') show();
    place.bind('1');
    if (when === 'after') {
      expect(used(reservations)).toEqual([1, 1]);
      show();
    }
    expect(used(reservations)).toEqual([1, 1]);
    place.cancel();
    expect(used(reservations)).toEqual([1, 1]);
  });

  test('a node that went before it showed leaves no place behind', () => {
    const { reservations } = setUp();
    reservations.reserve(spec).bind('1');
    reservations.seen('1');
    expect(used(reservations)).toEqual([undefined, undefined]);
  });

  test('a new node counts though its lock shows before itself', () => {
    const { index, reservations } = setUp();
    reservations.reserve(spec).bindNew('1');
    reservations.seen('1');
    expect(used(reservations)).toEqual([1, 1]);
    index.put('1', nodeFact('1', { tenantName: 'acme' }));
    reservations.seen('1');
    expect(used(reservations)).toEqual([1, 1]);
    index.put('1', undefined);
    expect(used(reservations)).toEqual([undefined, undefined]);
  });

  test.each([
    ['is gone by the time its maker has it', (it: Reservations) => it.arrived('1', false)],
    [
      'goes before it is looked at',
      (it: Reservations) => {
        it.arrived('1', true);
        it.seen('1');
      },
    ],
  ])('a new node that %s leaves no place behind', (_title, go) => {
    const { reservations } = setUp();
    reservations.reserve(spec).bindNew('1');
    go(reservations);
    expect(used(reservations)).toEqual([undefined, undefined]);
  });

  test('a reused node counts for its new tenant from the promise on, and for the pool as before', () => {
    const { index, reservations } = setUp();
    index.put('1', nodeFact('1'));
    const place = reservations.reserve({ ...spec, tenantOnly: true });
    place.bind('1');
    expect(used(reservations)).toEqual([1, 1]);
    reservations.seen('1');
    expect(used(reservations)).toEqual([1, 1]);
    index.put('1', nodeFact('1', { tenantName: 'acme' }));
    reservations.seen('1');
    expect(used(reservations)).toEqual([1, 1]);
  });

  test('a node is taken until given back', () => {
    const { reservations } = setUp();
    const giveBack = reservations.take('1');
    expect(reservations.isTaken('1')).toBe(true);
    giveBack();
    expect(reservations.isTaken('1')).toBe(false);
  });
});
