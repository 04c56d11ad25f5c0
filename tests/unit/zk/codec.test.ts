import { fc, runs } from '../../support/property';
import { JuteReader, JuteWriter } from '../../../src/zk/jute';
import { readStat, readWelcome } from '../../../src/zk/records';

type Field = {
  [K in 'int' | 'long' | 'boolean' | 'bytes' | 'text' | 'texts']: { kind: K; value: Values[K] };
}[keyof Values];
interface Values {
  int: number;
  long: bigint;
  boolean: boolean;
  bytes: Buffer;
  text: string;
  texts: string[];
}

const words = fc.string({ unit: 'grapheme', maxLength: 200 });
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('int' as const), value: fc.integer() }),
  fc.record({ kind: fc.constant('long' as const), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
  fc.record({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({
    kind: fc.constant('bytes' as const),
    value: fc.uint8Array({ maxLength: 50_000 }).map((it) => Buffer.from(it)),
  }),
  fc.record({ kind: fc.constant('text' as const), value: words }),
  fc.record({ kind: fc.constant('texts' as const), value: fc.array(words, { maxLength: 20 }) }),
);

function write(out: JuteWriter, it: Field): void {
  if (it.kind === 'int') out.int(it.value);
  else if (it.kind === 'long') out.long(it.value);
  else if (it.kind === 'boolean') out.boolean(it.value);
  else if (it.kind === 'bytes') out.bytes(it.value);
  else if (it.kind === 'text') out.text(it.value);
  else out.texts(it.value);
}

test('what is written is read, frame by frame, also across slabs', () => {
  fc.assert(
    fc.property(fc.array(fc.array(field, { maxLength: 10 }), { maxLength: 20 }), (records) => {
      const writer = new JuteWriter();
      const frames = records.map((fields) => writer.frame((out) => fields.forEach((it) => write(out, it))));
      frames.forEach(({ buffer, start, end }, index) => {
        expect(buffer.readInt32BE(start)).toBe(end - start - 4);
        const reader = new JuteReader(buffer, start + 4, end);
        expect(records[index]!.map((it) => reader[it.kind]())).toEqual(records[index]!.map((it) => it.value));
        expect(reader.remaining).toBe(0);
      });
    }),
    runs(200),
  );
});

test('neighbouring frames lie side by side; one taken back leaves no hole', () => {
  const writer = new JuteWriter();
  const first = writer.frame((out) => out.int(1));
  writer.frame((out) => out.int(2));
  writer.undo();
  const third = writer.frame((out) => out.int(3));
  expect(third).toEqual({ buffer: first.buffer, start: first.end, end: first.end + 8 });
});

test('reading past the end of a frame fails, though the buffer goes on', () => {
  const { buffer, start, end } = new JuteWriter().frame((out) => out.text('some text'));
  for (let cut = start + 4; cut < end; cut += 1) {
    expect(() => new JuteReader(buffer, start + 4, cut).text()).toThrow('MARSHALLING_ERROR');
  }
});

test('a count that cannot be true is refused before anything is made of it', () => {
  const { buffer, end } = new JuteWriter().frame((out) => out.int(2_000_000_000));
  expect(() => new JuteReader(buffer, 4, end).texts()).toThrow('MARSHALLING_ERROR');
});

test('null reads as empty', () => {
  const { buffer, end } = new JuteWriter().frame((out) => [1, 2, 3].forEach(() => out.int(-1)));
  const reader = new JuteReader(buffer, 4, end);
  expect([reader.bytes(), reader.text(), reader.texts()]).toEqual([Buffer.alloc(0), '', []]);
});

test('a Stat has 64 bits where they matter', () => {
  const { buffer, end } = new JuteWriter().frame((out) => {
    out.long(0x7fff_ffff_ffff_ffffn);
    out.long(5n);
    out.long(1_700_000_000_123n);
    out.long(1_700_000_000_124n);
    for (const it of [1, 2, 3]) out.int(it);
    out.long(0xf000_0000_0000_0001n);
    for (const it of [4, 5]) out.int(it);
    out.long(6n);
  });
  expect(readStat(new JuteReader(buffer, 4, end))).toEqual({
    czxid: 0x7fff_ffff_ffff_ffffn,
    mzxid: 5n,
    ctime: 1_700_000_000_123,
    mtime: 1_700_000_000_124,
    version: 1,
    cversion: 2,
    aversion: 3,
    ephemeralOwner: 0xf000_0000_0000_0001n,
    dataLength: 4,
    numChildren: 5,
    pzxid: 6n,
  });
});

test('a welcome of an old server has no last byte', () => {
  const body = (out: JuteWriter) => {
    out.int(0);
    out.int(4_000);
    out.long(9n);
    out.bytes(Buffer.from('secret'));
  };
  const { buffer, end } = new JuteWriter().frame(body);
  const expected = { timeoutMs: 4_000, sessionId: 9n, password: Buffer.from('secret'), readOnly: false };
  expect(readWelcome(new JuteReader(buffer, 4, end))).toEqual(expected);
  const modern = new JuteWriter().frame((out) => {
    body(out);
    out.boolean(true);
  });
  expect(readWelcome(new JuteReader(modern.buffer, 4, modern.end))).toEqual({ ...expected, readOnly: true });
});
