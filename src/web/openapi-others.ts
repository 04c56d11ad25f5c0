import { EXPLAIN_PATH } from './explain-route';
import { LIST_PAGES, type ListPage } from './lists';
import { braced, json, type Operation, pathParameters, type Paths, plain, PROBLEM_REF, query } from './openapi-parts';
import { LOG_PATH } from './log-routes';
import type { JsonSchema } from './resource';
import { WAITS_PATH } from './waits-route';

/** What is served besides resources. */
export function otherPaths(program: 'launcher' | 'builder'): Paths {
  return {
    ...(program === 'launcher' ? { ...Object.fromEntries(LIST_PAGES.map(listPath)), ...EXPLAIN } : WAITS),
    ...LOGS,
    ...PROBES,
    '/api/v1/events': {
      get: events('followChanges', 'Changes as they happen: one event per part, with the ids touched.'),
    },
    '/api/v1/openapi.json': {
      get: {
        summary: 'This description.',
        operationId: 'describe',
        tags: ['view'],
        responses: { 200: json('It.', { type: 'object' }) },
      },
    },
    '/': {
      get: {
        summary: 'A page that shows all of it, for people.',
        operationId: 'showDashboard',
        tags: ['view'],
        responses: { 200: { description: 'It.', content: { 'text/html': { schema: { type: 'string' } } } } },
      },
    },
  };
}

/** webapp.md 6: a table, or the same as JSON. */
function listPath(page: ListPage): [string, { readonly get: Operation }] {
  const keys = page.columns.map((it) => it.field);
  const parameters = [query('fields', 'Columns of the table, joined with commas; JSON has all.', 'string')];
  if (page.only !== undefined) parameters.push(query(page.only.parameter, 'Only the one with this id.', 'string'));
  const row = {
    type: 'object',
    properties: Object.fromEntries(keys.map((it) => [it, {}])),
    required: keys,
    additionalProperties: false,
  };
  const content = {
    'text/plain': { schema: { type: 'string' } },
    'application/json': { schema: { type: 'array', items: row } },
  };
  const get: Operation = {
    summary: 'A list as the Python Nodepool has it.',
    operationId: page.path.slice(1).replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase()),
    tags: ['python'],
    parameters,
    responses: {
      200: { description: 'As `Accept` says: a table, or JSON.', content },
      406: json('Neither will do.', PROBLEM_REF),
      503: json('Not read yet.', PROBLEM_REF),
    },
  };
  return [page.path, { get }];
}

const text = { type: ['string', 'null'] };
const seconds = { type: ['number', 'null'], description: 'UNIX seconds.' };

const EXPLAIN: Paths = {
  [braced(EXPLAIN_PATH)]: {
    get: {
      summary: 'Why a request waits, in the words of every pool.',
      operationId: 'explainRequest',
      tags: ['view'],
      parameters: pathParameters(EXPLAIN_PATH),
      responses: {
        200: json('What they say; within two seconds, pools of Python launchers as `unknown`.', {
          type: 'object',
          properties: {
            id: { type: 'string' },
            state: { type: 'string' },
            labels: { type: 'array', items: { type: 'string' } },
            pools: {
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  pool: { type: 'string', description: 'Id of its component.' },
                  provider: text,
                  name: text,
                  status: { type: 'string', description: 'declined, waiting, left, serving, done or unknown.' },
                  reason: { type: 'string' },
                  detail: text,
                  since: seconds,
                  expected: seconds,
                },
                required: ['pool', 'provider', 'name', 'status', 'reason', 'detail', 'since', 'expected'],
                additionalProperties: false,
              },
            },
          },
          required: ['id', 'state', 'labels', 'pools'],
          additionalProperties: false,
        }),
        404: json('There is no such request.', PROBLEM_REF),
        503: json('ZooKeeper cannot be reached, or too many ask.', PROBLEM_REF),
      },
    },
  },
};

const WAIT_FIELDS: Readonly<Record<string, JsonSchema>> = {
  image: { type: 'string' },
  provider: { type: ['string', 'null'], description: 'Null: the build.' },
  failures: { type: 'integer', description: 'In a row.' },
  cause: { type: 'string' },
  message: { type: 'string' },
  failed_at: { type: 'number', description: 'UNIX seconds.' },
  next_try_at: { type: 'number', description: 'UNIX seconds; sooner when somebody asks for it.' },
};

const WAITS: Paths = {
  [WAITS_PATH]: {
    get: {
      summary: 'What this builder is to try again, and why it failed.',
      operationId: 'listImageWaits',
      tags: ['view'],
      responses: {
        200: json('What waits.', {
          type: 'array',
          items: {
            type: 'object',
            properties: WAIT_FIELDS,
            required: Object.keys(WAIT_FIELDS),
            additionalProperties: false,
          },
        }),
      },
    },
  },
};

const LOGS: Paths = {
  [braced(LOG_PATH)]: {
    get: {
      summary: "A build's log.",
      operationId: 'getBuildLog',
      tags: ['view'],
      parameters: [...pathParameters(LOG_PATH), query('tail', 'Only so many last lines.')],
      responses: {
        200: plain('The log.'),
        206: plain('The part that `Range` asked for.'),
        307: json('It lies on another host.', PROBLEM_REF),
        404: json('There is no such log.', PROBLEM_REF),
        416: json('There is no such part.', PROBLEM_REF),
      },
    },
  },
  [braced(`${LOG_PATH}/stream`)]: {
    get: {
      ...events(
        'followBuildLog',
        "A build's log as it grows: events `log`, `truncated` and at the end `end` with the outcome.",
      ),
      parameters: [
        ...pathParameters(LOG_PATH),
        query('offset', 'Byte to begin with.'),
        query('tail', 'Begin so many lines before the end.'),
      ],
    },
  },
};

const PROBES: Paths = {
  '/ready': {
    get: {
      summary: 'Whether work gets done here.',
      operationId: 'isReady',
      tags: ['probe'],
      responses: { 200: plain('`OK`.'), 503: json('Why not.', PROBLEM_REF) },
    },
  },
  '/health': {
    get: {
      summary: 'That the process is alive, and how it stands.',
      operationId: 'getHealth',
      tags: ['probe'],
      responses: { 200: json('How it stands.', { type: 'object' }) },
    },
  },
  '/metrics': {
    get: {
      summary: 'Metrics for Prometheus.',
      operationId: 'getMetrics',
      tags: ['probe'],
      responses: { 200: plain('Text format 0.0.4.') },
    },
  },
};

function events(operationId: string, summary: string): Operation {
  return {
    summary,
    operationId,
    tags: ['follow'],
    responses: {
      200: { description: summary, content: { 'text/event-stream': { schema: { type: 'string' } } } },
      503: json('Too many streams are open.', PROBLEM_REF),
    },
  };
}
