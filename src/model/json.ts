/** Any value that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * The text of a JSON value that is not ours to interpret (`requestor_data`, `user_data`, `driver_data`, unknown keys). It
 * is kept as written, because numbers beyond 2^53 occur in it and must come out digit for digit (zk-tree 3).
 */
export class RawJson {
  private constructor(readonly text: string) {}

  /** Wraps JSON text that is already known to be valid. */
  static ofText(text: string): RawJson {
    return new RawJson(text);
  }

  /** From a value of ours. */
  static of(value: Json): RawJson {
    return new RawJson(JSON.stringify(value));
  }

  /** A lossy look inside: numbers become doubles. For display and for keys whose type is known. */
  value(): Json {
    return JSON.parse(this.text) as Json;
  }
}
