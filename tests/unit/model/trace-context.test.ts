import { fc } from '../../support/property';
import { RawJson } from '../../../src/model/json';
import {
  parseTraceparent,
  printTraceparent,
  type TraceContext,
  traceContextOf,
  withTraceparent,
} from '../../../src/model/trace-context';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const CONTEXT: TraceContext = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };

test.each([
  [`00-${TRACE}-${SPAN}-01`, CONTEXT],
  [` 00-${TRACE}-${SPAN}-00 `, { ...CONTEXT, traceFlags: 0 }],
  [`cc-${TRACE}-${SPAN}-01-more`, CONTEXT], // of a version to come
  [`ff-${TRACE}-${SPAN}-01`, undefined],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, undefined],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
  [`00-${TRACE}-${SPAN}`, undefined],
  ['', undefined],
])('traceparent %j', (text, context) => {
  expect(parseTraceparent(text)).toEqual(context);
});

const number = (hex: string) => BigInt(`0x${hex}`).toString();
/** As Zuul's `getSpanInfo` writes it. */
const INFO = `{"name": "RequestNodes", "trace_id": ${number(TRACE)}, "span_id": ${number(SPAN)}, "trace_flags": 1, "start_time": 1795228100123456789, "parent": null}`;

test.each([
  ["Zuul's numbers, beyond what JSON numbers can say", `{"job_name": "unit", "span_info": ${INFO}}`, CONTEXT],
  ['with blanks and other members', `\n { "a" : {"span_info": 1}, "span_info":${INFO} , "z": [] }`, CONTEXT],
  ['not traced', '{"span_info": null}', undefined],
  ['hex in quotes', `{"span_info": {"trace_id": "${TRACE}", "span_id": "${SPAN}"}}`, CONTEXT],
  [
    'not recorded',
    `{"span_info": ${INFO.replace('"trace_flags": 1', '"trace_flags": 0')}}`,
    { ...CONTEXT, traceFlags: 0 },
  ],
  ['a traceparent goes before', `{"traceparent": "00-${TRACE}-${SPAN}-01", "span_info": {}}`, CONTEXT],
  ['a number too long', `{"span_info": {"trace_id": 1${number(TRACE)}0, "span_id": 1}}`, undefined],
  ['no numbers', '{"span_info": {"trace_id": {}, "span_id": 1.5}}', undefined],
  ['flags that are none', `{"span_info": ${INFO.replace('"trace_flags": 1', '"trace_flags": "x"')}}`, undefined],
  ['something else', '"span_info"', undefined],
  ['a list', '[{"span_info": 1}]', undefined],
])('data of a requestor: %s', (_title, text, context) => {
  expect(traceContextOf(RawJson.ofText(text))).toEqual(context);
});

test.each([
  [null, `{"traceparent": "00-${TRACE}-${SPAN}-01"}`],
  ['{}', `{"traceparent": "00-${TRACE}-${SPAN}-01"}`],
  [' { "big": 12345678901234567890 } ', `{"traceparent": "00-${TRACE}-${SPAN}-01", "big": 12345678901234567890 }`],
  ['{"traceparent": null}', '{"traceparent": null}'],
  ['{"span_info": null}', '{"span_info": null}'],
  ['["list"]', '["list"]'],
  ['7', '7'],
])('the place in a trace goes into %j', (text, expected) => {
  const data = text === null ? null : RawJson.ofText(text);
  expect(withTraceparent(data, CONTEXT)?.text).toBe(expected);
});

const hex = (digits: number) =>
  fc.bigInt({ min: 1n, max: 16n ** BigInt(digits) - 1n }).map((it) => it.toString(16).padStart(digits, '0'));
const contexts = fc.record({ traceId: hex(32), spanId: hex(16), traceFlags: fc.integer({ min: 0, max: 255 }) });

test('what is written is read', () => {
  fc.assert(
    fc.property(contexts, fc.dictionary(fc.string(), fc.jsonValue()), (context, data) => {
      fc.pre(!('traceparent' in data) && !('span_info' in data));
      expect(parseTraceparent(printTraceparent(context))).toEqual(context);
      const raw = withTraceparent(RawJson.of(data as never), context)!;
      expect(traceContextOf(raw)).toEqual(context);
      const { traceparent: _own, ...rest } = raw.value() as Record<string, unknown>;
      expect(rest).toEqual(JSON.parse(JSON.stringify(data)));
    }),
  );
});

test('anything is read without an exception', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      traceContextOf(RawJson.ofText(text));
      traceContextOf(RawJson.ofText(`{"span_info": ${text}, "traceparent": ${text}}`));
      withTraceparent(RawJson.ofText(text), CONTEXT);
    }),
  );
});
