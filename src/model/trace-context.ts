import { RawJson } from './json';
import { objectExtents } from './json-extents';

/** A place in a trace, as one process tells it to the next (W3C Trace Context). */
export interface TraceContext {
  /** 32 digits, hex, not all 0. */
  readonly traceId: string;
  /** 16 digits, hex, not all 0: the span that others are below. */
  readonly spanId: string;
  /** Bit 0: somebody records it. */
  readonly traceFlags: number;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Reads a `traceparent`; undefined for anything else. */
export function parseTraceparent(text: string): TraceContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(text.trim()) ?? [];
  return checked({ traceId, spanId, traceFlags: parseInt(flags, 16) });
}

export function printTraceparent({ traceId, spanId, traceFlags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}

/**
 * The place in a trace that a requestor's data tells: `traceparent`, as our scheduler library and others write it, or the numbers
 * of Zuul's `span_info` (zuul-client.md 3), which are larger than JSON numbers may be elsewhere and are read from the text.
 */
export function traceContextOf(data: RawJson | null): TraceContext | undefined {
  const members = membersOf(data);
  const traceparent = textOf(members?.get('traceparent'));
  if (traceparent !== undefined) return parseTraceparent(traceparent);
  const info = membersOfText(members?.get('span_info'));
  const traceId = hexOf(info?.get('trace_id'), 32);
  const spanId = hexOf(info?.get('span_id'), 16);
  if (traceId === undefined || spanId === undefined) return undefined;
  return checked({ traceId, spanId, traceFlags: Number(info?.get('trace_flags') ?? 1) });
}

/**
 * The data with `traceparent` in front. As it is, if it has no place for it (no object), or says of itself where it belongs.
 */
export function withTraceparent(data: RawJson | null, context: TraceContext): RawJson | null {
  const own = `"traceparent": ${JSON.stringify(printTraceparent(context))}`;
  if (data === null) return RawJson.ofText(`{${own}}`);
  const members = membersOf(data);
  if (members === undefined || members.has('traceparent') || members.has('span_info')) return data;
  const rest = data.text.trim().slice(1);
  return RawJson.ofText(`{${own}${members.size === 0 ? '' : ', '}${rest.trimStart()}`);
}

function membersOf(data: RawJson | null): Map<string, string> | undefined {
  return membersOfText(data?.text);
}

function membersOfText(text: string | undefined): Map<string, string> | undefined {
  return text?.trimStart().startsWith('{') === true ? objectExtents(text) : undefined;
}

function textOf(json: string | undefined): string | undefined {
  return json?.startsWith('"') === true ? (JSON.parse(json) as string) : undefined;
}

/** A whole number in decimal notation, or hex in quotes, as so many hex digits. */
function hexOf(json: string | undefined, digits: number): string | undefined {
  if (json === undefined) return undefined;
  if (/^\d{1,40}$/.test(json)) return BigInt(json).toString(16).padStart(digits, '0');
  const text = textOf(json)?.toLowerCase();
  return text !== undefined && /^[0-9a-f]+$/.test(text) ? text.padStart(digits, '0') : undefined;
}

function checked(context: TraceContext): TraceContext | undefined {
  const { traceId, spanId, traceFlags } = context;
  const isId = (text: string, digits: number) => text.length === digits && !/^0*$/.test(text);
  const isFlags = Number.isInteger(traceFlags) && traceFlags >= 0 && traceFlags <= 0xff;
  return isId(traceId, 32) && isId(spanId, 16) && isFlags ? context : undefined;
}
