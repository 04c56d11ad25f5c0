import type { PoolFact } from '../../../src/decide/choose-requests';
import { PoolProgress } from '../../../src/decide/pool-progress';
import { RequestIndex } from '../../../src/decide/request-index';
import type { PoolContext } from '../../../src/launcher/pool-context';
import { RequestTurns } from '../../../src/launcher/request-turns';
import { requestFact } from '../../support/node-facts';

const fact = (changes: Partial<PoolFact>): PoolFact => ({
  id: 'me',
  provider: 'east',
  labels: new Set(['small']),
  priority: 100,
  paused: false,
  ...changes,
});

test.each([
  ['one as good', { provider: 'west' }, {}, true],
  ['one as good, of the same provider', {}, { provider: 'east' }, true],
  ['a worse one, which waits for us', { priority: 200 }, {}, false],
  ['a better one that is paused', { priority: 1, paused: true }, {}, false],
  ['one that is paused', { paused: true }, {}, false],
  ['one of a provider that the request does not prefer', { provider: 'west' }, { provider: 'east' }, false],
  ['one that lacks the label', { labels: new Set<string>() }, {}, false],
  ['one that has declined', {}, { declinedBy: ['other'] }, false],
])('in line with %s', (_title, rival, changes, mayWait) => {
  const requests = new RequestIndex();
  const world = { requests, progress: new PoolProgress() };
  const tools = { clock: { monotonic: () => 0 } };
  const context = { id: 'me', config: { priority: 100 }, world, tools } as unknown as PoolContext;
  const turns = new RequestTurns(() => context);
  const pools = [fact({}), fact({ id: 'other', ...rival })];
  const waits = Array.from({ length: 40 }, (_, at) => {
    const { id, ...rest } = requestFact(`200-${String(at).padStart(10, '0')}`, changes);
    requests.put(id, { id, ...rest });
    const { record, ...ranked } = requests.get(id)!;
    return turns.of({ ...ranked, record: record! }, pools).waitMs;
  });
  expect(waits.some((it) => it > 0)).toBe(mayWait);
  expect(waits.some((it) => it === 0)).toBe(true);
});
