import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instance, Provider } from '../../../src/drivers/driver';
import { LaunchFailedError, RefusedError } from '../../../src/drivers/errors';
import { type MachineRecord, parseMachineRecord, printMachineRecord } from '../../../src/drivers/qemu/machine-record';
import { identify } from '../../../src/drivers/qemu/process-identity';
import { drivers } from '../../../src/drivers/registry';
import { lockFile } from '../../../src/runtime/file-lock';
import { hostTools, type QemuHost, qemuHost } from '../../support/qemu-host';
import { describeWith } from '../../support/requirements';

const never = new AbortController().signal;
const PROVIDER = 'qemu-broken';
const blank = { cloudImage: 'blank' };

describeWith(['machines'], 'machines in trouble', () => {
  let host: QemuHost;
  let provider: Provider;

  const open = async (section: Record<string, unknown> = {}) => {
    host = await qemuHost(PROVIDER, { accel: ['tcg,tb-size=16'], ...section });
    provider = drivers.get('qemu')!.connect(host.config, hostTools);
  };
  const launch = (name = 'np1') => provider.launch(host.launchSpec(name, blank, { memory: 32 }), never);
  const recordFile = (name = 'np1') => join(host.folder, 'state', 'machines', name, 'machine.json');
  const record = async () => parseMachineRecord(await readFile(recordFile(), 'utf8'));
  const rewrite = (it: MachineRecord) => writeFile(recordFile(), printMachineRecord(it));
  const killMachine = async () => {
    const { pid } = (await record()).process!;
    process.kill(pid, 'SIGKILL');
    let left: unknown;
    do left = await identify(pid);
    while (left !== undefined);
  };
  const one = async (): Promise<Instance> => (await provider.list(never))[0]!;

  afterEach(async () => {
    await provider.close();
    await host.close();
  });

  test('one that died is failed, cannot settle, and can be removed', async () => {
    await open();
    const { externalId } = await launch();
    await killMachine();
    expect(await one()).toMatchObject({ state: 'failed', fault: expect.any(String) });
    await expect(provider.settled(externalId, never)).rejects.toBeInstanceOf(LaunchFailedError);
    await provider.destroy(externalId, never);
    expect(await provider.list(never)).toEqual([]);
  });

  test('one that QEMU does not start fails with what QEMU said', async () => {
    await open({ machine: 'pc,hpet=perhaps' });
    await expect(launch()).rejects.toMatchObject({ code: 'refused', reason: expect.stringContaining('hpet') });
    expect(await provider.list(never)).toEqual([]);
  });

  test('an image that is none fails the launch and gives back its place', async () => {
    await open({ 'max-servers': 1 });
    const { externalId } = await upload(await file('image.qcow2', 'qcow2'), 'qcow2');
    await writeFile(join(host.folder, 'images', externalId, 'image'), 'no image any more');
    const spec = host.launchSpec('np1', { externalId, diskImage: 'tiny' }, { memory: 32 });
    await expect(provider.launch(spec, never)).rejects.toMatchObject({
      code: 'launch-failed',
      reason: expect.stringContaining('qcow2'),
    });
    expect((await launch('np2')).state).toBe('running');
  });

  test('a process whose number a stranger has by now is left alone', async () => {
    await open();
    const { externalId } = await launch();
    await killMachine();
    const stranger: ChildProcess = spawn('sleep', ['600'], { stdio: 'ignore' });
    await once(stranger, 'spawn');
    const process = (await identify(stranger.pid!))!;
    await rewrite({ ...(await record()), process });
    await provider.destroy(externalId, never);
    expect(await identify(stranger.pid!)).toEqual(process);
    stranger.kill('SIGKILL');
    await once(stranger, 'close');
  });

  test('one whose launcher died before it noted the process is found again by its name and uuid', async () => {
    await open();
    const { externalId } = await launch();
    const before = await record();
    await rewrite({ ...before, phase: 'reserved', process: undefined });
    expect((await launch()).externalId).toBe(externalId);
    expect((await record()).process).toEqual(before.process);
    expect(await host.processes()).toHaveLength(1);
    await rewrite({ ...before, phase: 'reserved', process: undefined });
    await provider.destroy(externalId, never);
    expect(await host.processes()).toEqual([]);
  });

  test('a second process of one machine, never noted, goes with it', async () => {
    await open();
    const { externalId } = await launch();
    const before = await record();
    await rewrite({ ...before, process: { ...before.process!, startTicks: 1 } });
    await provider.destroy(externalId, never);
    expect(await host.processes()).toEqual([]);
  });

  test.each(['disk.qcow2', 'qemu.log', 'qmp.sock'])(
    'a launch given up when there is a %s leaves a machine that is listed, or nothing',
    async (file) => {
      await open();
      const stop = new AbortController();
      const reason = new Error('given up');
      const launching = provider.launch(host.launchSpec('np1', blank, { memory: 32 }), stop.signal);
      const outcome = launching.then(
        () => 'launched',
        (error: unknown) => error,
      );
      let entries: readonly string[];
      do entries = await readdir(join(host.folder, 'state', 'machines', 'np1')).catch(() => []);
      while (!entries.includes(file));
      stop.abort(reason);
      expect([reason, 'launched']).toContain(await outcome);
      const listed = await provider.list(never);
      expect(await host.processes()).toHaveLength(listed.length);
      for (const it of listed) await provider.destroy(it.externalId, never);
      expect(await host.processes()).toEqual([]);
      expect(await readdir(join(host.folder, 'state', 'machines'))).toEqual([]);
    },
  );

  test('one whose removal was cut short is gone after the next', async () => {
    await open();
    const { externalId } = await launch();
    await rewrite({ ...(await record()), phase: 'deleting' });
    expect(await one()).toMatchObject({ state: 'deleting' });
    await provider.destroy(externalId, never);
    await mkdir(join(host.folder, 'state', 'machines', 'np7')); // its record was never written, or is gone already
    expect(await provider.list(never)).toEqual([]);
    expect(await readdir(join(host.folder, 'state', 'machines'))).toEqual([]);
  });

  test('one that does not heed the power button is cut off', async () => {
    await open({ 'power-off-timeout': 1 });
    const { externalId } = await launch();
    await provider.destroy(externalId, never);
    expect(await host.processes()).toEqual([]);
  });

  test('one that hangs is killed', async () => {
    await open();
    const { externalId } = await launch();
    process.kill((await record()).process!.pid, 'SIGSTOP');
    await provider.destroy(externalId, never);
    expect(await host.processes()).toEqual([]);
  });

  test('uploads that a crash cut short are removed, those in progress are not', async () => {
    await open();
    const images = join(host.folder, 'images');
    for (const name of ['.upload-dead', '.upload-alive', '.removed-old'])
      await mkdir(join(images, name), { recursive: true });
    const lock = await lockFile(join(images, '.upload-alive.lock'));
    expect(await provider.images!.list(never)).toEqual([]);
    expect((await readdir(images)).sort()).toEqual(['.upload-alive', '.upload-alive.lock']);
    await lock.release({ remove: true });
    await provider.images!.list(never);
    expect(await readdir(images)).toEqual([]);
  });

  test('images that would show their author files of the host are refused', async () => {
    await open();
    const image = join(host.folder, 'spy.qcow2');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/hostname', image]);
    await expect(upload(image, 'qcow2')).rejects.toBeInstanceOf(RefusedError);
    await expect(upload(await file('zero.raw', 'raw'), 'qcow2')).rejects.toBeInstanceOf(RefusedError);
    await expect(upload(await file('zero.raw', 'raw'), 'vhd')).rejects.toBeInstanceOf(RefusedError);
    expect(await readdir(join(host.folder, 'images'))).toEqual([]);
  });

  test('a raw image keeps its holes and its contents', async () => {
    await open();
    const image = await file('data.raw', 'raw');
    const { externalId } = await upload(image, 'raw');
    const copy = join(host.folder, 'images', externalId, 'image');
    expect((await readFile(copy)).equals(await readFile(image))).toBe(true);
    expect(Number(execFileSync('stat', ['-c', '%b', copy], { encoding: 'utf8' }))).toBeLessThan(8 * 2048);
  });

  async function file(name: string, format: string): Promise<string> {
    const path = join(host.folder, name);
    const data = Buffer.alloc(8 << 20);
    data.write('in the middle', 3 << 20);
    if (format === 'raw') await writeFile(path, data);
    else execFileSync('qemu-img', ['create', '-q', '-f', format, path, '8M']);
    return path;
  }

  function upload(path: string, format: string): Promise<{ readonly externalId: string }> {
    const metadata = { nodepool_provider_name: PROVIDER, nodepool_build_id: 'b', nodepool_upload_id: '0000000001' };
    const spec = { name: 'image', metadata, file: path, format, image: 'tiny' };
    return provider.images!.upload(spec, () => undefined, never);
  }
});
