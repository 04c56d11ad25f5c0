import { fc } from '../../../support/property';
import {
  type MachineRecord,
  externalIdOf,
  isMachineName,
  nameInExternalId,
  parseMachineRecord,
  printMachineRecord,
} from '../../../../src/drivers/qemu/machine-record';

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
// The one name that objects of JavaScript cannot take like any other; clouds forbid it as well.
const key = fc.string({ minLength: 1 }).filter((it) => it !== '__proto__');
const record = fc.record<MachineRecord>(
  {
    version: fc.constant(1),
    name,
    uuid: fc.uuid(),
    phase: fc.constantFrom('reserved', 'started', 'deleting'),
    createdTime: fc.integer({ min: 0 }),
    port: fc.integer({ min: 1, max: 65_535 }),
    guestPort: fc.integer({ min: 1, max: 65_535 }),
    image: fc.record({ path: fc.string(), format: fc.constantFrom('qcow2', 'raw') }),
    diskGib: fc.nat(),
    resources: fc.dictionary(key, fc.nat(), { noNullPrototype: true }),
    metadata: fc.dictionary(key, fc.string(), { noNullPrototype: true }),
    process: fc.record({ pid: fc.nat(), startTicks: fc.nat(), bootId: fc.uuid() }),
  },
  {
    requiredKeys: [
      'version',
      'name',
      'uuid',
      'phase',
      'createdTime',
      'port',
      'guestPort',
      'image',
      'resources',
      'metadata',
    ],
  },
);

test('a record is read as it was written', () => {
  fc.assert(fc.property(record, (it) => expect(parseMachineRecord(printMachineRecord(it))).toEqual(it)));
});

test.each(['', '{', '{}', 'null', '{"version": 2}'])('%s is no record', (text) => {
  expect(() => parseMachineRecord(text)).toThrow();
});

test('the name is found in the external id, whatever it looks like', () => {
  fc.assert(fc.property(record, (it) => expect(nameInExternalId(externalIdOf(it))).toBe(it.name)));
});

test.each(['', 'np1', 'np1.', 'np1.xyz', '../np1.00000000', 'a/b.00000000', '.00000000', '00000000'])(
  '"%s" is no external id of ours',
  (id) => {
    expect(nameInExternalId(id)).toBeUndefined();
  },
);

test.each([
  ['np0000000001', true],
  ['np0000000001-2', true],
  ['a'.repeat(63), true],
  ['a'.repeat(64), false],
  ['', false],
  ['..', false],
  ['.hidden', false],
  ['a/b', false],
  ['a,b', false],
  ['-name', false],
])('a machine may be called "%s": %s', (text, expected) => {
  expect(isMachineName(text)).toBe(expected);
});
