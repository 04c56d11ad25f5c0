import { driverErrorLine, NotFoundError, TransientError } from '../../../src/drivers/errors';

const refused = Object.assign(new Error('connect ECONNREFUSED /run/cloud.sock'), { code: 'ECONNREFUSED' });
const nameless = Object.assign(new AggregateError([refused]), { code: 'ECONNREFUSED' });

test.each([
  [new NotFoundError('east', 'i-1'), 'not found at the provider'],
  [
    new TransientError('east', { cause: refused }),
    'provider did not answer properly: connect ECONNREFUSED /run/cloud.sock',
  ],
  [new TransientError('east', { cause: nameless }), 'provider did not answer properly: ECONNREFUSED'],
  [
    new TransientError('east', { cause: new Error('502:\n  <html>', { cause: refused }) }),
    'provider did not answer properly: 502: <html>: connect ECONNREFUSED /run/cloud.sock',
  ],
])('%s with its causes is one line', (error, line) => {
  expect(driverErrorLine(error)).toBe(line);
});
