import { planVanished } from '../../../src/decide/vanished-instances';
import type { KnownNode } from '../../../src/decide/node-index';
import { NotFoundError, TransientError } from '../../../src/drivers/errors';
import { LeakWorker } from '../../../src/launcher/leak-worker';
import { ProviderRuntime } from '../../../src/launcher/provider-runtime';
import type { LauncherTools } from '../../../src/launcher/tools';
import type { World } from '../../../src/launcher/world';
import type { Node } from '../../../src/model/records';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import { openStore } from '../../../src/store/store';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock } from '../../support/fake-clock';
import { node, nodeFact } from '../../support/node-facts';
import { providerConfig } from '../../support/provider-config';
import { Said } from '../../support/said';

const never = new AbortController().signal;

test.each<readonly [string, KnownNode, boolean]>([
  ['whose instance is listed', nodeFact('1', { externalId: 'a' }), false],
  ['whose id is an object that is listed', nodeFact('1', { externalId: { instance: 'b', host: null } }), false],
  ['whose instance is not listed', nodeFact('1', { externalId: 'x' }), true],
  ['without an id', nodeFact('1', {}), false],
  ['that is allocated', nodeFact('1', { externalId: 'x', allocatedTo: '200-1' }), false],
  ['that is locked', nodeFact('1', { externalId: 'x' }, { locked: true }), false],
  ['of another provider', nodeFact('1', { externalId: 'x', provider: 'other' }), false],
])('an unused node %s', (_title, fact, isMissing) => {
  const listed = new Set(['"a"', '{"instance":"b","host":null}']);
  const question = { provider: 'fake-east', ready: [fact], listed };
  const first = planVanished({ ...question, before: new Set() });
  expect(first.gone).toEqual([]);
  const second = planVanished({ ...question, before: first.missing });
  expect(second.gone.map((it) => it.id)).toEqual(isMissing ? ['1'] : []);
});

describe('an unused node without an instance in two runs', () => {
  const clock = new FakeClock();
  const random = seededRandom(5);
  let said: Said;
  beforeEach(() => {
    said = new Said();
  });

  /** What the node's record says after so many runs. */
  async function stateAfter(runs: number, answer: () => Promise<unknown>, changes: Partial<Node> = {}) {
    const zk = new MemoryServer({ clock }).connect();
    await zk.connected();
    const store = openStore(zk, { clock, random, log: silentLogger });
    const claim = await store.nodes.create(node({ externalId: 'i1' }), never);
    if (Object.keys(changes).length > 0) await claim.write(changes);
    await claim.release();
    const provider = { list: () => Promise.resolve([]), settled: answer };
    const tools = { clock, random, log: said.log, store, openProvider: () => provider } as unknown as LauncherTools;
    const runtime = new ProviderRuntime(providerConfig(), tools, {
      nodeExists: () => true,
      installation: () => undefined,
      learned: () => undefined,
      doubted: () => undefined,
      slotFree: () => undefined,
    });
    const seen = new Map([[claim.id, nodeFact(claim.id, { externalId: 'i1' })]]); // a view may be behind
    const world = { fresh: true, nodes: { inState: () => seen } } as unknown as World;
    const worker = new LeakWorker(tools, world, runtime);
    for (let run = 0; run < runs; run += 1) await worker.pass(never);
    const { state } = (await store.nodes.get(claim.id))!.record;
    await store.close();
    await zk.close();
    return state;
  }
  const gone = () => Promise.reject(new NotFoundError('fake-east', 'i1'));

  test('is deleted, and not before', async () => {
    expect(await stateAfter(1, gone)).toBe('ready');
    expect(await stateAfter(2, gone)).toBe('deleting');
  });

  test('stays when the cloud has its instance after all', async () => {
    expect(await stateAfter(2, () => Promise.resolve({ state: 'running' }))).toBe('ready');
    expect(said.messages).toEqual([]);
  });

  test('stays when the cloud does not say, which is told', async () => {
    const err = new TransientError('fake-east');
    expect(await stateAfter(2, () => Promise.reject(err))).toBe('ready');
    const message = 'unused node without instance could not be retired';
    const fields = { external_id: 'i1', code: 'transient', why: 'provider did not answer properly' };
    expect(said.messages).toMatchObject([{ level: 'warn', message, fields }]);
  });

  test('stays when it was given to somebody meanwhile', async () => {
    expect(await stateAfter(2, gone, { allocatedTo: '200-1' })).toBe('ready');
  });
});
