import { DRAINS, drainPath } from '../../../src/model/own-paths';
import { componentsPath } from '../../../src/model/paths';
import { type DrainAnswer, openDrainBox, orderDrain } from '../../../src/store/drains';
import type { StoreParts } from '../../../src/store/parts';
import type { ZooKeeper } from '../../../src/zk/client';
import { FakeClock } from '../../support/fake-clock';
import { never, World } from './world';

const NAME = 'nl01-0000000001';

describe('an order to finish', () => {
  let world: World;
  let parts: StoreParts;
  let launcher: ZooKeeper;
  let clock: FakeClock;
  beforeEach(async () => {
    world = new World();
    launcher = await world.connect();
    clock = new FakeClock();
    parts = { ...(await world.parts()), clock };
  });
  afterEach(async () => {
    expect(world.server.watches).toBe(0);
    expect(clock.sleeping).toBe(0);
    await world.close();
  });

  const component = `${componentsPath('launcher')}/${NAME}`;
  async function register(): Promise<void> {
    const folders = component.split('/').slice(1, -1);
    for (const at of folders.keys()) await launcher.create(`/${folders.slice(0, at + 1).join('/')}`, Buffer.alloc(0));
    await launcher.create(component, Buffer.from('{}'), { mode: 'ephemeral' });
  }
  const order = (signal = never): Promise<DrainAnswer> => orderDrain(parts, NAME, 'me', signal);

  test('reaches a launcher that registers before its letter box is there', async () => {
    await register();
    const answer = order();
    await clock.untilSleeping(); // it has found no box
    let box: ReturnType<typeof openDrainBox> | undefined;
    const heard = new Promise<string>((resolve) => {
      box = openDrainBox(world.tools(launcher), () => NAME, resolve);
    });
    expect(await answer).toBe('told');
    expect(await heard).toBe('me');
    await box?.close();
  });

  test('goes to a box that is there at once', async () => {
    await register();
    await launcher.create(DRAINS, Buffer.alloc(0));
    await launcher.create(drainPath(NAME), Buffer.alloc(0), { mode: 'ephemeral' });
    expect(await order()).toBe('told');
    expect(JSON.parse((await launcher.get(drainPath(NAME))).data.toString())).toEqual({ drain: true, by: 'me' });
  });

  test('is not heard by a launcher that has no box, as those of Python: that is said after a while', async () => {
    await register();
    const answer = order();
    await clock.untilSleeping();
    await clock.advance(10_000);
    expect(await answer).toBe('deaf');
  });

  test('comes too late for one that has gone, be it before or meanwhile', async () => {
    expect(await order()).toBe('gone');
    await register();
    const answer = order();
    await clock.untilSleeping();
    await launcher.delete(component);
    expect(await answer).toBe('gone');
  });

  test('is given up with the signal', async () => {
    await register();
    const stop = new AbortController();
    const answer = order(stop.signal);
    await clock.untilSleeping();
    stop.abort(new Error('interrupted'));
    await expect(answer).rejects.toThrow('interrupted');
  });
});
