import { redact } from '../../../src/runtime/redact';

test.each([
  ['a password', { password: 'x', user: 'zuul' }, { password: '********', user: 'zuul' }],
  [
    'deep inside',
    { auth: { headers: { 'X-Auth-Token': 'abc' } } },
    { auth: { headers: { 'X-Auth-Token': '********' } } },
  ],
  ['in a list', [{ api_key: 1 }], [{ api_key: '********' }]],
  ['an absent one', { token: undefined, secret: null }, { token: undefined, secret: null }],
  ['names that only sound like it', { passed: 3, bypass_reason: 'x' }, { passed: 3, bypass_reason: 'x' }],
])('%s', (_title, input, output) => {
  expect(redact(input)).toEqual(output);
});

test('errors keep their story and lose what clients hang on them', () => {
  const error = Object.assign(new Error('refused', { cause: new Error('socket') }), {
    code: 'E1',
    config: { headers: { Authorization: 'Bearer abc' } },
  });
  expect(JSON.stringify(redact({ err: error }))).not.toContain('Bearer');
  expect(redact(error)).toMatchObject({ message: 'refused', code: 'E1', cause: { message: 'socket' } });
});

test('circles end', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(() => JSON.stringify(redact(circle))).not.toThrow();
});
