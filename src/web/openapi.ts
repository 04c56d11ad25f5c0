import type { JsonSchema, Resource } from './resource';

/** The description of `/api/v1` (OpenAPI 3.1), made of the same tables as the answers. */
export function openApiDocument(resources: readonly Resource[], version: string | null): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Nodepool',
      version: version ?? '0',
      description: 'Read-only view of the nodes, requests, images and components in ZooKeeper.',
    },
    paths: Object.assign({}, ...resources.map(pathsOf), resources.some((it) => it.name === 'builds') ? LOG_PATHS : {}, {
      '/api/v1/events': { get: events('Changes as they happen: one event per part, with the ids touched.') },
    }) as object,
    components: {
      schemas: {
        ...Object.fromEntries(resources.map((it) => [it.schemaName, schemaOf(it)])),
        Problem: PROBLEM,
      },
    },
  };
}

function pathsOf(resource: Resource): object {
  const ref = { $ref: `#/components/schemas/${resource.schemaName}` };
  const list = {
    summary: resource.description,
    operationId: `list${resource.schemaName}s`,
    parameters: resource.fields
      .filter((it) => it.isFilter === true)
      .map((it) => ({
        name: it.name,
        in: 'query',
        required: false,
        description:
          `Only those with this value; several joined with commas mean any. ${it.schema.description ?? ''}`.trim(),
        schema: { type: 'string' },
      })),
    responses: { 200: json('The list.', { type: 'array', items: ref }), 503: json('Not read yet.', PROBLEM_REF) },
  };
  const paths: Record<string, object> = { [`/api/v1/${resource.name}`]: { get: list } };
  if (resource.one !== undefined) {
    const path = `/api/v1/${resource.name}${resource.one.path}`;
    paths[braced(path)] = {
      get: {
        summary: `One ${resource.schemaName}.`,
        operationId: `get${resource.schemaName}`,
        parameters: pathParameters(path),
        responses: {
          200: json('It.', ref),
          404: json('There is none.', PROBLEM_REF),
          503: json('Not read yet.', PROBLEM_REF),
        },
      },
    };
  }
  return paths;
}

function schemaOf(resource: Resource): JsonSchema {
  return {
    type: 'object',
    description: resource.description,
    properties: Object.fromEntries(resource.fields.map((it) => [it.name, it.schema])),
    required: resource.fields.map((it) => it.name),
    additionalProperties: false,
  };
}

const PROBLEM: JsonSchema = {
  type: 'object',
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
const PROBLEM_REF = { $ref: '#/components/schemas/Problem' };

const LOG = '/api/v1/builds/:image/:build/log';

const LOG_PATHS = {
  [braced(LOG)]: {
    get: {
      summary: "A build's log.",
      operationId: 'getBuildLog',
      parameters: [...pathParameters(LOG), query('tail', 'Only so many last lines.')],
      responses: {
        200: { description: 'The log.', content: { 'text/plain': { schema: { type: 'string' } } } },
        206: {
          description: 'The part that `Range` asked for.',
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
        307: json('It lies on another host.', PROBLEM_REF),
        404: json('There is no such log.', PROBLEM_REF),
        416: json('There is no such part.', PROBLEM_REF),
      },
    },
  },
  [braced(`${LOG}/stream`)]: {
    get: {
      ...events("A build's log as it grows: events `log`, `truncated` and at the end `end` with the outcome."),
      operationId: 'followBuildLog',
      parameters: [
        ...pathParameters(LOG),
        query('offset', 'Byte to begin with.'),
        query('tail', 'Begin so many lines before the end.'),
      ],
    },
  },
};

function events(summary: string): object {
  return {
    summary,
    operationId: 'followChanges',
    responses: { 200: { description: summary, content: { 'text/event-stream': { schema: { type: 'string' } } } } },
  };
}

function json(description: string, schema: object): object {
  return { description, content: { 'application/json': { schema } } };
}

function query(name: string, description: string): object {
  return { name, in: 'query', required: false, description, schema: { type: 'integer' } };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map((it) => ({
    name: it[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function braced(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}
