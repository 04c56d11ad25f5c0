import { PROBE_LINE, probeDisk } from '../../../../src/drivers/qemu/boot-probe';

test('the probe is a bootable disk that the BIOS can read', () => {
  const disk = probeDisk();
  expect(disk.subarray(510, 512)).toEqual(Buffer.from([0x55, 0xaa]));
  expect(disk.length).toBe(1 << 20);
  expect(disk.includes(`${PROBE_LINE}\n\0`)).toBe(true);
  expect(disk.subarray(512).every((it) => it === 0)).toBe(true);
});
