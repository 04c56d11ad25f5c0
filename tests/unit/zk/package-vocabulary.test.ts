import { isKnownToPackage, MODE_OF, toException } from '../../../src/zk/bridge-answers';
import { ERROR_CODES, type ErrorName, fromWire, ZkError } from '../../../src/zk/errors';
import { checkSeam, vocabulary } from '../../../src/zk/package-seam';
import { CREATE_MODES, OPEN_ACL } from '../../../src/zk/records';

test('the installed package has the seam', () => {
  expect(checkSeam).not.toThrow();
});

test('our error names have the numbers that the package gives them', () => {
  const theirs = Object.entries(vocabulary.Exception).filter(([, it]) => typeof it === 'number' && it !== 0);
  expect(theirs.length).toBeGreaterThan(15);
  expect(theirs.map(([name]) => [name, ERROR_CODES[name as ErrorName]])).toEqual(theirs);
});

test('our create modes have the flags that the package gives them', () => {
  expect([...MODE_OF.keys()].sort()).toEqual(Object.values(vocabulary.CreateMode).sort());
  for (const [flags, mode] of MODE_OF) expect(CREATE_MODES[mode].flags).toBe(flags);
});

test("our open ACL is the package's", () => {
  const [theirs] = vocabulary.ACL.OPEN_ACL_UNSAFE;
  expect(OPEN_ACL).toEqual([{ permission: theirs!.permission, scheme: theirs!.id.scheme, id: theirs!.id.id }]);
  expect(theirs!.permission).toBe(vocabulary.Permission.ALL);
});

test.each(Object.keys(ERROR_CODES) as ErrorName[])('%s becomes an exception that names a code', (name) => {
  const exception = toException(new ZkError(name, '/x'));
  expect(exception).toBeInstanceOf(Error);
  expect(exception.getCode()).toBe(exception.code);
  expect(exception.getPath()).toBe('/x');
  if (isKnownToPackage(ERROR_CODES[name])) expect(exception.getName()).toBe(name);
});

test('a number nobody knows makes an error and no exception of its own', () => {
  expect(fromWire(-4711, '/x')).toMatchObject({ code: 'UNKNOWN', path: '/x', message: 'UNKNOWN /x (-4711)' });
  expect(toException(fromWire(-4711, '/x')).getName()).toBe('UNKNOWN');
});
