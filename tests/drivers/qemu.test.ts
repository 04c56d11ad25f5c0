import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drivers } from '../../src/drivers/registry';
import { systemRandom } from '../../src/runtime/random';
import { hostTools, qemuHost } from '../support/qemu-host';
import { type DriverHarness, describeDriver } from './conformance';

const PROVIDER = 'qemu-conformance';
const BYTES = 3 << 20;

/** Machines boot an empty disk: to the core a machine runs when QEMU says so, whatever is on its disk. */
async function open(): Promise<DriverHarness> {
  const host = await qemuHost(PROVIDER, { 'max-servers': 2, accel: ['tcg,tb-size=16'] });
  const blank = join(host.folder, 'blank.raw');
  await mkdir(host.folder, { recursive: true });
  await writeFile(blank, Buffer.alloc(BYTES));
  const section = { name: 'blank', 'image-path': blank, 'image-format': 'raw' };
  const cloudImage = {
    name: 'blank',
    username: null,
    pythonPath: 'auto',
    shellType: null,
    connectionType: 'ssh',
    connectionPort: 22,
    section,
  };
  const config = { ...host.config, cloudImages: new Map([['blank', cloudImage]]) };
  return {
    connect: () => drivers.get('qemu')!.connect(config, hostTools),
    launchSpec: (name) => host.launchSpec(name, { cloudImage: 'blank' }, { memory: 32 }),
    impossibleSpec: (name) => host.launchSpec(name, { cloudImage: 'blank' }, { cpus: 1000 }),
    capacity: 2,
    image: () => ({ data: Buffer.alloc(BYTES, 'image'), format: 'raw' }),
    close: () => host.close(),
  };
}

describeDriver('qemu', open, systemRandom);
