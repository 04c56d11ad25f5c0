import { drivers } from '../../src/drivers/registry';
import { systemRandom } from '../../src/runtime/random';
import { hostTools, qemuHost } from '../support/qemu-host';
import { describeWith } from '../support/requirements';
import { type DriverHarness, describeDriver } from './conformance';

async function open(): Promise<DriverHarness> {
  const host = await qemuHost('qemu-conformance', { 'max-servers': 2, accel: ['tcg,tb-size=16'] });
  const blank = { cloudImage: 'blank' };
  return {
    connect: () => drivers.get('qemu')!.connect(host.config, hostTools),
    launchSpec: (name) => host.launchSpec(name, blank, { memory: 32 }),
    impossibleSpec: (name) => host.launchSpec(name, blank, { cpus: 1000 }),
    capacity: 2,
    image: () => ({ data: Buffer.alloc(3 << 20, 'image'), format: 'raw' }),
    close: () => host.close(),
  };
}

describeWith(['machines'], 'on this host', () => describeDriver('qemu', open, systemRandom));
