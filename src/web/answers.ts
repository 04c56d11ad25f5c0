import { type BodyAnswer, type Headers } from './answer';
import { Rendering } from './rendering';

export const JSON_TYPE = 'application/json';
export const TEXT_TYPE = 'text/plain; charset=UTF-8';

/** Text of the moment, not to be kept by anybody. */
export function textAnswer(status: number, text: string, headers?: Headers): BodyAnswer {
  return body(status, TEXT_TYPE, text, headers);
}

export function jsonAnswer(status: number, value: unknown, headers?: Headers): BodyAnswer {
  return body(status, JSON_TYPE, `${JSON.stringify(value)}\n`, headers);
}

/** The one shape of errors. `code` is for programs and never changes its meaning. */
export function problem(status: number, code: string, message: string, headers?: Headers): BodyAnswer {
  return jsonAnswer(status, { error: { status, code, message } }, headers);
}

function body(status: number, type: string, text: string, headers: Headers | undefined): BodyAnswer {
  const rendering = new Rendering(text, 0);
  return { kind: 'body', status, type, rendering, cached: false, ...(headers === undefined ? {} : { headers }) };
}
