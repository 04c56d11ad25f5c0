import type { Json } from '../model/json';
import type { NodeRequest } from '../model/records';

/**
 * Fills in a value of `dynamic-instance-properties` or `dynamic-tags` (drivers.md 2): a Python format string with one object
 * `request`, items of objects by brackets without quotes. Throws for what Python would reject too, so that the caller
 * leaves the key out.
 */
export function fillTemplate(template: string, id: string, request: NodeRequest): string {
  const attributes: Readonly<Record<string, Json>> = {
    id,
    labels: request.nodeTypes,
    requestor: request.requestor,
    requestor_data: request.requestorData?.value() ?? null,
    relative_priority: request.relativePriority,
    event_id: request.eventId,
    created_time: request.createdTime,
    tenant_name: request.tenantName,
  };
  const filled = template.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (whole, field: string | undefined) => {
    if (whole === '{{') return '{';
    if (whole === '}}') return '}';
    if (field === undefined) throw new Error(`single ${whole} in a template`);
    return printed(lookup(field, attributes));
  });
  return filled;
}

function lookup(field: string, attributes: Readonly<Record<string, Json>>): Json {
  const path = /^request\.([A-Za-z_]+)((?:\[[^\]]+\])*)$/.exec(field);
  if (path === null || !Object.hasOwn(attributes, path[1]!)) throw new Error(`unknown field in a template: ${field}`);
  let value: Json = attributes[path[1]!] ?? null;
  for (const [, key] of path[2]!.matchAll(/\[([^\]]+)\]/g)) value = item(value, key ?? '');
  return value;
}

function item(value: Json, key: string): Json {
  const found: Json | undefined = Array.isArray(value)
    ? (value as readonly Json[])[Number(key)]
    : typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (value as Readonly<Record<string, Json>>)[key]
      : undefined;
  if (found === undefined) throw new Error(`nothing under [${key}] in a template`);
  return found;
}

/** As Python prints a value inside a string. */
function printed(value: Json): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  return literal(value);
}

function literal(value: Json): string {
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${literal(key)}: ${literal(inner)}`)
      .join(', ')}}`;
  }
  return printed(value);
}
