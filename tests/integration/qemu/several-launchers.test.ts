import { access } from 'node:fs/promises';
import { join } from 'node:path';
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
const image = { cloudImage: 'blank' };
const label = { memory: 32 };
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
    const task: ChildTask = { provider: PROVIDER, folder: host.folder, section, image, label, names };
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

  test.each(['machine.json', 'disk.qcow2', 'qemu.log', 'qmp.sock'])(
    'killed as soon as there is a %s leave nothing that counts twice or cannot be removed',
    async (file) => {
      const child = await start(['np1']);
      const going = child.go().catch(() => []); // cut short
      await untilThereIs(join(host.folder, 'state', 'machines', 'np1', file));
      await child.kill();
      await going;
      children = [];
      const { externalId } = await provider.launch(host.launchSpec('np1', image, label), never);
      expect((await provider.settled(externalId, never)).state).toBe('running');
      expect(await host.processes()).toHaveLength(1);
    },
  );

  test('killed in the middle of a launch and never seen again leave machines that are listed and can be removed', async () => {
    const child = await start(['np1', 'np2', 'np3']);
    const going = child.go().catch(() => []); // cut short
    await untilThereIs(join(host.folder, 'state', 'machines', 'np2', 'disk.qcow2'));
    await child.kill();
    await going;
    children = [];
    const listed = await provider.list(never);
    expect(listed.map((it) => it.name)).toContain('np2');
    for (const it of listed) expect(it.metadata['nodepool_provider_name']).toBe(PROVIDER);
    // the rest is done after each test: destroy them all, and look for processes
  });

  async function untilThereIs(path: string): Promise<void> {
    const there = () =>
      access(path).then(
        () => true,
        () => false,
      );
    let seen: boolean;
    do seen = await there();
    while (!seen);
  }
});
