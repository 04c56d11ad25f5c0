import { Scope } from '../../../src/runtime/scope';

test('closes last-opened first, once', async () => {
  const order: string[] = [];
  const scope = new Scope();
  expect(scope.own('a', (it) => order.push(it))).toBe('a');
  scope.own('b', async (it) => order.push(it));
  await Promise.all([scope.close(), scope.close()]);
  expect(order).toEqual(['b', 'a']);
});

test('tries all and throws what failed together', async () => {
  const order: string[] = [];
  const scope = new Scope();
  scope.own('a', (it) => order.push(it));
  scope.defer(() => Promise.reject(new Error('late')));
  scope.defer(() => {
    throw new Error('early');
  });
  await expect(scope.close()).rejects.toMatchObject({
    errors: [expect.objectContaining({ message: 'early' }), expect.objectContaining({ message: 'late' })],
  });
  expect(order).toEqual(['a']);
});

test('a closed scope takes nothing on', async () => {
  const scope = new Scope();
  await scope.close();
  expect(() => scope.defer(() => undefined)).toThrow('closed already');
});

test('await using closes at the end of the block, also after a throw', async () => {
  const order: string[] = [];
  const block = async () => {
    await using scope = new Scope();
    scope.defer(() => order.push('closed'));
    throw new Error('inside');
  };
  await expect(block()).rejects.toThrow('inside');
  expect(order).toEqual(['closed']);
});
