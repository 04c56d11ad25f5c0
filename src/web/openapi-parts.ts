import type { JsonSchema } from './resource';

/** One method of one path. */
export interface Operation {
  readonly summary: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly security?: readonly object[];
  readonly responses: Readonly<Record<number, object>>;
}

/** By path, then by method in small letters. */
export type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** The one shape of errors. */
export const PROBLEM: JsonSchema = {
  type: 'object',
  description: 'Why there is no answer.',
  properties: {
    error: {
      type: 'object',
      properties: {
        status: { type: 'number', description: 'HTTP status.' },
        code: { type: 'string', description: 'For programs; its meaning never changes.' },
        message: { type: 'string', description: 'For people.' },
      },
      required: ['status', 'code', 'message'],
    },
  },
  required: ['error'],
};
export const PROBLEM_REF = { $ref: '#/components/schemas/Problem' };

export function json(description: string, schema: object): object {
  return { description, content: { 'application/json': { schema } } };
}

export function plain(description: string): object {
  return { description, content: { 'text/plain': { schema: { type: 'string' } } } };
}

export function query(name: string, description: string, type = 'integer'): object {
  return { name, in: 'query', required: false, description, schema: { type } };
}

export function pathParameters(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map((it) => ({
    name: it[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

/** `/a/:b` as OpenAPI writes it. */
export function braced(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}
