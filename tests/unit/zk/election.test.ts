import { EventEmitter, once } from 'node:events';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { ZooKeeper } from '../../../src/zk/client';
import { elect } from '../../../src/zk/election';
import { MemoryServer } from '../../../src/zk/memory';
import { FakeClock, settle } from '../../support/fake-clock';

describe('an election', () => {
  const clock = new FakeClock();
  const tools = { clock, random: seededRandom(1), log: silentLogger };
  let server: MemoryServer;
  let zks: ZooKeeper[];
  let leaders: number[];
  const events = new EventEmitter();

  beforeEach(async () => {
    server = new MemoryServer({ clock });
    zks = [server.connect(), server.connect()];
    leaders = [];
    await Promise.all(zks.map((it) => it.connected()));
  });
  afterEach(() => server.close());

  const stand = (who: number, signal: AbortSignal) =>
    elect(
      zks[who]!,
      '/elections/stats',
      `host-${who}`,
      async (term, leading) => {
        expect(term.dir).toBe('/elections/stats');
        leaders.push(who);
        events.emit('leads');
        if (!leading.aborted) await once(leading, 'abort');
      },
      signal,
      tools,
    );

  test('has one leader, then the other, and again the first after its session was lost', async () => {
    const stops = [new AbortController(), new AbortController()];
    const first = stand(0, stops[0]!.signal);
    await once(events, 'leads');
    const second = stand(1, stops[1]!.signal);
    await settle();
    expect(leaders).toEqual([0]);
    expect([...server.dump().values()].map(String)).toContain('host-1');
    server.expire(zks[0]!);
    await once(events, 'leads');
    expect(leaders).toEqual([0, 1]);
    stops[1]!.abort();
    await second;
    await settle();
    expect(leaders).toEqual([0, 1, 0]);
    stops[0]!.abort();
    await first;
    expect([...server.dump().keys()]).toEqual(['/', '/elections', '/elections/stats']);
  });

  test('ends with the work, and with its error', async () => {
    const never = new AbortController().signal;
    await elect(zks[0]!, '/e', '', () => Promise.resolve(), never, tools);
    const failing = elect(zks[0]!, '/e', '', () => Promise.reject(new Error('broken')), never, tools);
    await expect(failing).rejects.toThrow('broken');
    expect((await zks[0]!.children('/e')).children).toEqual([]);
  });
});
