import type { Provider } from '../../../src/drivers/driver';
import { destroyed } from '../../../src/drivers/destroyed';
import { drivers } from '../../../src/drivers/registry';
import { systemClock } from '../../../src/runtime/clock';
import type { ChildTask } from '../../support/child-qemu';
import { hostTools, type QemuHost, qemuHost } from '../../support/qemu-host';
import { type QemuChild, startQemuChild } from '../../support/qemu-child';
import { describeWith } from '../../support/requirements';

const never = new AbortController().signal;
const PROVIDER = 'qemu-race';
const section = { 'max-servers': 3, accel: ['tcg,tb-size=16'] };

describeWith(['machines'], 'several launchers on one host', () => {
  let host: QemuHost;
  let provider: Provider;
  let children: QemuChild[];

  beforeEach(async () => {
    host = await qemuHost(PROVIDER, section);
    provider = drivers.get('qemu')!.connect(host.config, hostTools);
    children = [];
  });
  afterEach(async () => {
    await Promise.all(children.map((it) => it.kill()));
    for (const it of await provider.list(never)) await destroyed(provider, it.externalId, systemClock, never);
    expect(await host.processes()).toEqual([]);
    await host.close();
  });

  async function start(names: readonly string[]): Promise<QemuChild> {
    const image = { cloudImage: 'blank' };
    const task: ChildTask = { provider: PROVIDER, folder: host.folder, section, image, label: { memory: 32 }, names };
    const child = await startQemuChild(task);
    children.push(child);
    return child;
  }

  test('racing for the last places never get one too many, and never one port twice', async () => {
    const racers = await Promise.all([start(['np1', 'np2', 'np3']), start(['np4', 'np5', 'np6'])]);
    const answers = (await Promise.all(racers.map((it) => it.go()))).flat();
    const errors = answers.flatMap((it) => ('error' in it ? [it.error] : []));
    expect(errors).toEqual(['no-capacity', 'no-capacity', 'no-capacity']);
    const listed = await provider.list(never);
    expect(listed.map((it) => it.state)).toEqual(['running', 'running', 'running']);
    expect(new Set(listed.map((it) => it.connectionPort)).size).toBe(3);
    expect(await host.processes()).toHaveLength(3);
  });

  test('launching one name get one machine', async () => {
    const racers = await Promise.all([start(['np1']), start(['np1'])]);
    const answers = (await Promise.all(racers.map((it) => it.go()))).flat();
    expect(answers[0]).toEqual(answers[1]);
    expect(await host.processes()).toHaveLength(1);
  });

  test('killed in the middle of a launch leave nothing that counts twice or cannot be removed', async () => {
    const child = await start(['np1', 'np2', 'np3']);
    const going = child.go().catch(() => []); // cut short
    await untilOneIsReserved();
    await child.kill();
    await going;
    const image = { cloudImage: 'blank' };
    for (const name of ['np1', 'np2', 'np3']) {
      const { externalId } = await provider.launch(host.launchSpec(name, image, { memory: 32 }), never);
      expect((await provider.settled(externalId, never)).state).toBe('running');
    }
    expect(await host.processes()).toHaveLength(3);
    children = [];
  });

  async function untilOneIsReserved(): Promise<void> {
    let seen: number;
    do seen = (await provider.list(never)).length;
    while (seen === 0);
  }
});
