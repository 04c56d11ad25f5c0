import { fc } from '../../support/property';
import { execFileSync } from 'node:child_process';
import { pythonLiteral } from '../../../src/views/python-literal';

test("objects are shown in Python's own notation", () => {
  // Which characters are printable depends on the version of Unicode: these are so, or not, in all of them.
  const unit = fc.constantFrom(...'aZ0 \'"\\/{}:,é中🌷\n\r\t\u0007\u007f\u00a0\u00ad\u2028\u3000\ue000');
  const text = fc.string({ unit, maxLength: 8 });
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(null, true, false, 0, -7),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(text, tie('json'), { maxKeys: 3 }),
    ),
  }));
  const texts = fc.sample(json, { numRuns: 500, seed: 7 }).map((it) => JSON.stringify(it));
  const script =
    'import json,sys\nfor line in sys.stdin.buffer.read().decode().split("\\n"): print(repr(json.loads(line)).encode().hex())';
  const theirs = execFileSync('/usr/bin/python3', ['-c', script], { input: texts.join('\n') })
    .toString()
    .trim()
    .split('\n')
    .map((it) => Buffer.from(it, 'hex').toString());
  const differing = texts
    .map((it, index) => [pythonLiteral(it), theirs[index]])
    .filter(([ours, python]) => ours !== python);
  expect(differing.slice(0, 3)).toEqual([]);
});
