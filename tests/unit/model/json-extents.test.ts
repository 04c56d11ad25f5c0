import { fc } from '../../support/property';
import { objectExtents } from '../../../src/model/json-extents';

test.each([
  ['{}', []],
  [' { } ', []],
  ['{"a":1}', [['a', '1']]],
  [
    '{"a" : -1.50e+3 , "b":null}',
    [
      ['a', '-1.50e+3'],
      ['b', 'null'],
    ],
  ],
  [
    '{"a":"x\\"}","b":"\\\\"}',
    [
      ['a', '"x\\"}"'],
      ['b', '"\\\\"'],
    ],
  ],
  [
    '{"a":{"b":[1,{"c":"]}"}]},"d":[]}',
    [
      ['a', '{"b":[1,{"c":"]}"}]}'],
      ['d', '[]'],
    ],
  ],
  [
    '{"a\\n\\u00e9":1,"a":2,"a":3}',
    [
      ['a\né', '1'],
      ['a', '3'],
    ],
  ],
  ['{"n":263682778656125482492710237598244798609\n}', [['n', '263682778656125482492710237598244798609']]],
])('%s', (text, members) => {
  expect([...objectExtents(text)]).toEqual(members);
});

test('the extents are the values, whatever the object and its spacing', () => {
  const spacing = fc.constantFrom(undefined, 1, '\t');
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), spacing, (value, indent) => {
      const members = objectExtents(JSON.stringify(value, undefined, indent));
      expect([...members.keys()].sort()).toEqual(Object.keys(value).sort());
      for (const [key, text] of members) expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value[key])));
    }),
  );
});
