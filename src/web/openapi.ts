import { adminPaths } from './openapi-admin';
import { json, type Operation, pathParameters, braced, PROBLEM, PROBLEM_REF, type Paths, query } from './openapi-parts';
import { otherPaths } from './openapi-others';
import type { JsonSchema, Resource } from './resource';

export interface DescribedServer {
  readonly resources: readonly Resource[];
  readonly version: string | null;
  readonly program: 'launcher' | 'builder';
}

/** The description of everything that a server answers (OpenAPI 3.1), made of the same tables as the answers. */
export function openApiDocument({ resources, version, program }: DescribedServer): object {
  const parts = [...resources.map(pathsOf), otherPaths(program), program === 'launcher' ? adminPaths() : {}];
  return {
    openapi: '3.1.0',
    info: {
      title: `Nodepool ${program}`,
      version: version ?? '0',
      description:
        'The nodes, requests, images and components in ZooKeeper. What changes things needs a token, and a server that has a ' +
        'file of tokens configured; others are read-only.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'view', description: 'What there is.' },
      { name: 'follow', description: 'What happens, as server-sent events.' },
      { name: 'change', description: 'What a token is needed for.' },
      { name: 'python', description: 'The lists of the Python Nodepool.' },
      { name: 'probe', description: 'For those who look after the process.' },
    ],
    paths: merged(parts),
    components: {
      schemas: {
        ...Object.fromEntries(resources.map((it) => [it.schemaName, schemaOf(it)])),
        Problem: PROBLEM,
      },
      ...(program === 'launcher'
        ? { securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of the file.' } } }
        : {}),
    },
  };
}

/** Operations of one path may come from several tables. */
function merged(parts: readonly Paths[]): Paths {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const part of parts) {
    for (const [path, operations] of Object.entries(part)) paths[path] = { ...paths[path], ...operations };
  }
  return paths;
}

function pathsOf(resource: Resource): Paths {
  const ref = { $ref: `#/components/schemas/${resource.schemaName}` };
  const list: Operation = {
    summary: resource.description,
    operationId: `list${resource.schemaName}s`,
    tags: ['view'],
    parameters: [
      ...resource.fields.filter((it) => it.isFilter === true).map(filterParameter),
      query('limit', 'At most so many, the first ones.'),
    ],
    responses: {
      200: json('The list.', { type: 'array', items: ref }),
      400: json('The limit is none.', PROBLEM_REF),
      503: json('Not read yet.', PROBLEM_REF),
    },
  };
  const { one } = resource;
  if (one === undefined) return { [`/api/v1/${resource.name}`]: { get: list } };
  const path = `/api/v1/${resource.name}${one.path}`;
  const get: Operation = {
    summary: `One ${resource.schemaName}.`,
    operationId: `get${resource.schemaName}`,
    tags: ['view'],
    parameters: pathParameters(path),
    responses: {
      200: json('It.', ref),
      404: json('There is none.', PROBLEM_REF),
      503: json('Not read yet.', PROBLEM_REF),
    },
  };
  return { [`/api/v1/${resource.name}`]: { get: list }, [braced(path)]: { get } };
}

function filterParameter({ name, schema }: Resource['fields'][number]): object {
  const what = 'Only those with this value; several joined with commas mean any.';
  return query(name, `${what} ${schema.description ?? ''}`.trim(), 'string');
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
