import {
  errorLine,
  LaunchFailedError,
  NoCapacityError,
  NotFoundError,
  RefusedError,
  TransientError,
} from '../../../src/drivers/errors';
import { logTrouble } from '../../../src/drivers/log-trouble';
import type { Fields, Logger } from '../../../src/runtime/log';

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
  [new RefusedError('east', 'no flavor x'), 'provider refused the request: no flavor x'],
  [
    new RefusedError('east', 'cannot: 403', { cause: new Error('403', { cause: refused }) }),
    'provider refused the request: cannot: 403: connect ECONNREFUSED /run/cloud.sock',
  ],
  [new LaunchFailedError('east', 'no valid host'), 'instance failed to start: no valid host'],
  [new NoCapacityError('east', 'cores'), 'provider has no capacity: cores'],
])('%s with its causes is one line', (error, line) => {
  expect(errorLine(error)).toBe(line);
});

describe('in a log', () => {
  function recorded(work: (log: Logger) => void): readonly (readonly [string, string, Fields | undefined])[] {
    const lines: (readonly [string, string, Fields | undefined])[] = [];
    const at = (level: string) => (message: string, fields?: Fields) => void lines.push([level, message, fields]);
    const log: Logger = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: () => log,
    };
    work(log);
    return lines;
  }

  test("a cloud's error is one line, its stack shows at debug", () => {
    const error = new RefusedError('east', 'no flavor x');
    expect(recorded((log) => logTrouble(log, 'warn', 'it failed', error, { node: '1' }))).toEqual([
      ['warn', 'it failed', { node: '1', code: 'refused', why: 'provider refused the request: no flavor x' }],
      ['debug', 'where that error arose', { node: '1', err: error }],
    ]);
  });

  test('a fault of ours has its stack, unless it was to be expected', () => {
    const error = new Error('ours');
    expect(recorded((log) => logTrouble(log, 'error', 'it failed', error))).toEqual([
      ['error', 'it failed', { err: error }],
    ]);
    const [line] = recorded((log) => logTrouble(log, 'error', 'it failed', error, {}, true));
    expect(line).toEqual(['error', 'it failed', { why: 'ours' }]);
  });
});
