import { fc } from '../../support/property';
import { countLaunches, launchPhase, roomAtOnce, withinRoom } from '../../../src/decide/launch-room';
import { NodeIndex } from '../../../src/decide/node-index';
import type { Node } from '../../../src/model/records';
import { node, nodeFact } from '../../support/node-facts';

test.each<[string, Partial<Node>, ReturnType<typeof launchPhase>]>([
  ['building', { state: 'building' }, 'launch'],
  ['created and not locked yet', { state: 'init', comment: 'creating 00ff 0' }, 'launch'],
  ['created ahead of its launch', { state: 'init' }, 'waits'],
  ['created ahead, with a comment of somebody', { state: 'init', comment: 'look at this' }, 'waits'],
  ['ready', { state: 'ready' }, undefined],
  ['deleting', { state: 'deleting' }, undefined],
])('%s', (_title, record, phase) => {
  expect(launchPhase(node(record))).toBe(phase);
});

const index = (...records: readonly Partial<Node>[]) => {
  const nodes = new NodeIndex(() => ({}));
  records.forEach((it, id) => nodes.put(String(id), nodeFact(String(id), it)));
  return nodes;
};

test.each([
  ['nothing there', index(), [], { launches: 0, waits: 0 }],
  ['each by its phase', index({ state: 'building' }, { state: 'init' }, {}), [], { launches: 1, waits: 1 }],
  ['not those of another provider', index({ state: 'building', provider: 'west' }), [], { launches: 0, waits: 0 }],
  ['one that we have let begin', index({ state: 'init' }), ['0'], { launches: 1, waits: 0 }],
  ['one that we have let begin and that shows it', index({ state: 'building' }), ['0'], { launches: 1, waits: 0 }],
  ['one that is not there yet', index(), ['7'], { launches: 1, waits: 0 }],
  ['one that is ready by now', index({ state: 'ready' }), ['0'], { launches: 0, waits: 0 }],
])('counts %s', (_title, nodes, begun, wanted) => {
  expect(countLaunches(nodes, 'fake-east', begun)).toEqual(wanted);
});

test.each([
  [{ launches: 0, waits: 0 }, 3, 3],
  [{ launches: 2, waits: 0 }, 3, 1],
  [{ launches: 1, waits: 2 }, 3, 0],
  [{ launches: 4, waits: 2 }, 3, 0],
])('room beside %j of %i', (count, most, room) => {
  expect(roomAtOnce(count, most)).toBe(room);
});

test.each([
  [2, ['building', 'building', 'init']],
  [0, ['init', 'init', 'init']],
  [-1, ['init', 'init', 'init']],
  [9, ['building', 'building', 'building']],
])('of three new nodes begin at once, where there is room for %i', (room, states) => {
  const three = [1, 2, 3].map(() => node({ state: 'building' }));
  expect(withinRoom(three, room).map((it) => it.state)).toEqual(states);
});

/** Sets of any sizes, launches that end in any order: never more than may be, and in the end all are ready. */
test('is never exceeded, and nobody waits for ever', () => {
  const step = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant('begin' as const), fc.constant('end' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, most) => {
      const nodes = index();
      const count = () => countLaunches(nodes, 'fake-east', []);
      const first = (state: Node['state']) => [...nodes.inState(state).keys()][0];
      const move = (from: Node['state'], to: Node['state']) => {
        const id = first(from);
        if (id !== undefined) nodes.put(id, nodeFact(id, { state: to }));
        return id !== undefined;
      };
      const begin = () => count().launches < most && move('init', 'building');
      for (const it of steps) {
        if (it === 'begin') begin();
        else if (it === 'end') move('building', 'ready');
        else {
          const set = Array.from({ length: it }, () => node({ state: 'building' }));
          for (const record of withinRoom(set, roomAtOnce(count(), most))) {
            const id = String(nodes.size);
            nodes.put(id, nodeFact(id, record));
          }
        }
        expect(count().launches).toBeLessThanOrEqual(most);
      }
      while (begin() || move('building', 'ready'));
      expect(count()).toEqual({ launches: 0, waits: 0 });
    }),
  );
});
