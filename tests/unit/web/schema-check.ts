import type { JsonSchema } from '../../../src/web/resource';

interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}
type Schema = JsonSchema & { readonly $ref?: string };

/** What is wrong with `value` by `schema`, one line each; knows the words that our documents use, and no others. */
export function complaints(document: Document, schema: Schema, value: unknown, at = '$'): string[] {
  const unknown = Object.keys(schema).filter((it) => !KNOWN.has(it));
  if (unknown.length > 0) throw new Error(`the check does not know ${unknown.join(', ')}`);
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/components/schemas/', '');
    const found = document.components.schemas[name];
    return found === undefined ? [`${at}: no schema ${name}`] : complaints(document, found, value, at);
  }
  const types = schema.type === undefined ? undefined : [schema.type].flat();
  if (types !== undefined && !types.includes(typeOf(value)))
    return [`${at}: ${typeOf(value)} is not ${types.join(' or ')}`];
  if (schema.enum !== undefined && !schema.enum.includes(value as string))
    return [`${at}: ${String(value)} is not known`];
  if (Array.isArray(value)) {
    return value.flatMap((it, index) => complaints(document, schema.items ?? {}, it, `${at}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) return [];
  const members = value as Record<string, unknown>;
  const missing = (schema.required ?? []).filter((it) => !(it in members)).map((it) => `${at}.${it} is missing`);
  const wrong = Object.entries(members).flatMap(([key, inner]) => {
    const property = schema.properties?.[key];
    if (property !== undefined) return complaints(document, property, inner, `${at}.${key}`);
    return schema.additionalProperties === false ? [`${at}.${key} is not described`] : [];
  });
  return [...missing, ...wrong];
}

const KNOWN = new Set([
  '$ref',
  'type',
  'description',
  'enum',
  'items',
  'properties',
  'required',
  'additionalProperties',
]);

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
