import { LauncherTap } from '../../support/launcher-tap';
import { configText, Fleet, untilNodeGone } from './fleet';
import { LauncherProcess } from './launcher-process';

const never = new AbortController().signal;

/** Writes on a request's way, by what is in them. */
const WRITES: readonly (readonly [string, readonly RegExp[]])[] = [
  ['the request becomes pending', [/\/nodepool\/requests\/\d/, /"state": ?"pending"/]],
  ['its node is made', [/\/nodepool\/nodes\/?/, /"allocated_to": ?"/, /"state": ?"init"/]],
  ['the instance is known', [/\/nodepool\/nodes\/\d/, /"external_id": ?"/]],
  ['the request is fulfilled', [/\/nodepool\/requests\/\d/, /"state": ?"fulfilled"/]],
];

describe('a launcher whose link breaks at one write, and is there again before its session ends', () => {
  let fleet: Fleet;
  let tap: LauncherTap;
  let launcher: LauncherProcess | undefined;
  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  beforeEach(async () => {
    tap = await LauncherTap.open(fleet.server.hosts);
  });
  afterEach(async () => {
    await launcher?.kill();
    await tap.close();
    await fleet.reset();
  });
  afterAll(() => fleet.stop());

  const cases = WRITES.flatMap(([title, parts]) =>
    (['before', 'after'] as const).map((when) => ({ title, parts, when })),
  );

  test.each(cases)('$title, $when it is carried out: all happens once', async ({ parts, when }) => {
    const peer = await fleet.peer();
    launcher = await LauncherProcess.start(fleet, 'cut', `zookeeper-timeout: 20\n${configText()}`, tap.hosts);
    tap.arm({ at: (request) => parts.every((it) => it.test(request)), when });
    const request = await peer.scheduler.submit({ labels: ['small'] });
    await tap.struck;
    tap.mend();
    const outcome = await peer.scheduler.await(request, never);
    expect(outcome).toMatchObject({ state: 'fulfilled', record: { declinedBy: [], nodes: ['0000000000'] } });
    expect(fleet.serverNames()).toEqual(['np0000000000']);
    const set = await peer.scheduler.accept(request, never);
    await set.use();
    await set.release();
    await untilNodeGone(peer.store, '0000000000');
    expect(fleet.serverNames()).toEqual([]);
    const requests = peer.store.requests.view();
    await requests.settled();
    expect([...requests.locks.values()].filter((it) => it.contended)).toEqual([]);
    expect(peer.store.nodes.view().nodes.size).toBe(0);
    expect(launcher.output).not.toMatch(/session.*(expired|lost)/i);
  });
});
