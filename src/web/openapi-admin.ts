import { z } from 'zod';
import { ADMIN_CALLS, type AdminCall } from './admin-calls';
import { braced, json, type Operation, pathParameters, type Paths, PROBLEM_REF, query } from './openapi-parts';

/** What needs a token. */
export function adminPaths(): Paths {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const call of ADMIN_CALLS) {
    const path = braced(call.path);
    paths[path] = { ...paths[path], [call.method.toLowerCase()]: operationOf(call) };
  }
  return paths;
}

/** Statuses that every call may have. */
const ALWAYS = {
  400: 'The body is not as described.',
  401: 'There is no token, or it is nobody’s.',
  403: 'The server is read-only.',
  429: 'Too many requests, or too many wrong tokens, from one address.',
  503: 'ZooKeeper cannot be reached, or the file of tokens cannot be used.',
  504: 'ZooKeeper did not answer in time.',
} as const;

function operationOf({ name, summary, path, body, forcible, statuses }: AdminCall): Operation {
  const own = Object.entries(statuses).map(([status, description]): [string, object] => [
    status,
    Number(status) < 300 ? json(description, { type: 'object' }) : json(description, PROBLEM_REF),
  ]);
  const always = Object.entries(ALWAYS).map(([status, it]): [string, object] => [status, json(it, PROBLEM_REF)]);
  return {
    summary,
    operationId: name,
    tags: ['change'],
    parameters: [
      ...pathParameters(path),
      ...(forcible === true ? [query('force', 'Also what is of others.', 'boolean')] : []),
    ],
    ...(body === undefined ? {} : { requestBody: bodyOf(body) }),
    security: [{ token: [] }],
    responses: Object.fromEntries([...always, ...own]),
  };
}

function bodyOf(body: z.ZodType): object {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(body, { io: 'input' });
  const isNeeded = !body.safeParse({}).success;
  return { required: isNeeded, content: { 'application/json': { schema } } };
}
