import { qemuSchema } from '../../../../src/drivers/qemu/schema';

const folders = { name: 'host', 'image-store': '/srv/images', 'state-dir': '/srv/state' };
const pool = (label: Record<string, unknown>) => ({ pools: [{ name: 'main', labels: [{ name: 'small', ...label }] }] });

test('two folders are enough', () => {
  expect(qemuSchema.parse(folders)).toMatchObject({
    accel: ['kvm', 'tcg'],
    'bind-address': '127.0.0.1',
    'restrict-network': true,
    'port-range': [22_000, 29_999],
    'boot-timeout': 120,
  });
});

test('a label has a size', () => {
  expect(qemuSchema.parse({ ...folders, ...pool({ diskimage: 'tiny' }) }).pools[0]!.labels[0]).toMatchObject({
    cpus: 1,
    memory: 1024,
  });
});

test.each([
  ['no folder for images', { name: 'host', 'state-dir': '/srv' }],
  ['an unknown accelerator', { ...folders, accel: ['xen'] }],
  ['an accelerator that smuggles in options', { ...folders, accel: ['tcg -drive file=/etc/shadow'] }],
  ['no accelerator at all', { ...folders, accel: [] }],
  ['a port that is none', { ...folders, 'port-range': [0, 70_000] }],
  ['a range of ports that is upside down', { ...folders, 'port-range': [2_000, 1_000] }],
  ['an address that would smuggle in options', { ...folders, 'bind-address': '127.0.0.1,restrict=off' }],
  ['a label without an image', { ...folders, ...pool({}) }],
  ['a label with two images', { ...folders, ...pool({ diskimage: 'a', 'cloud-image': 'b' }) }],
  ['a machine without a processor', { ...folders, ...pool({ diskimage: 'a', cpus: 0 }) }],
  ['a key that does not exist', { ...folders, colour: 'red' }],
])('%s is a problem', (_title, section) => {
  expect(qemuSchema.safeParse(section).success).toBe(false);
});
