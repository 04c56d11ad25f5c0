import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NoAcceleratorError, chooseAccelerator, probeAccelerator } from '../../../src/drivers/qemu/accelerator';
import { hostTools } from '../../support/qemu-host';
import { describeWith } from '../../support/requirements';

const never = new AbortController().signal;

describeWith(['machines'], 'the choice of an accelerator', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nodepool-accel-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const options = (accel: readonly string[]) => ({
    qemu: 'qemu-system-x86_64',
    machine: 'q35',
    cpu: 'max',
    accel,
    folder,
  });
  const choose = (...accel: string[]) => chooseAccelerator(options(accel), hostTools, never);

  test('emulation boots the probe', async () => {
    expect(await probeAccelerator('tcg', options([]), hostTools, never)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  test('takes the first that boots, whatever says that it is there', async () => {
    expect(await choose('tcg,tb-size=many', 'tcg,tb-size=16', 'tcg')).toBe('tcg,tb-size=16');
    const kvm = await probeAccelerator('kvm', options([]), hostTools, never);
    expect(await choose('kvm', 'tcg')).toBe(kvm === undefined ? 'kvm' : 'tcg');
  });

  test('remembers what it found, and several at once find it once', async () => {
    const all = await Promise.all([choose('tcg'), choose('tcg'), choose('tcg')]);
    expect(new Set(all)).toEqual(new Set(['tcg']));
    const cache = join(folder, 'accelerators.json');
    const found = JSON.parse(await readFile(cache, 'utf8')) as object;
    expect(found).toMatchObject({ reasons: { tcg: null } });
    await writeFile(cache, JSON.stringify({ ...found, reasons: { tcg: 'as remembered' } }));
    await expect(choose('tcg')).rejects.toMatchObject({ reasons: { tcg: 'as remembered' } });
    await writeFile(cache, JSON.stringify({ key: 'of another boot', reasons: { tcg: 'as remembered' } }));
    expect(await choose('tcg')).toBe('tcg');
  });

  test('says of each why it does not work', async () => {
    const choice = choose('tcg,tb-size=many');
    await expect(choice).rejects.toBeInstanceOf(NoAcceleratorError);
    await expect(choice).rejects.toMatchObject({ reasons: { 'tcg,tb-size=many': expect.stringContaining('tb-size') } });
  });

  test('ends with the signal and leaves no process', async () => {
    const reason = new Error('stop');
    await expect(chooseAccelerator(options(['tcg']), hostTools, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
