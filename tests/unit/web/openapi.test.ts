import SwaggerParser from '@apidevtools/swagger-parser';
import { newRequest } from '../../../src/model/request-record';
import { silentLogger } from '../../../src/runtime/log';
import { seededRandom } from '../../../src/runtime/random';
import type { Method, Route } from '../../../src/web/answer';
import { BUILDER_PARTS, builderRoutes } from '../../../src/web/builder-routes';
import { launcherRoutes } from '../../../src/web/launcher-routes';
import { metricsRoute } from '../../../src/web/metrics-route';
import { SeenTree } from '../../../src/web/seen-tree';
import { FakeClock } from '../../support/fake-clock';
import { ask, inTime } from './fetch';
import { complaints } from './schema-check';
import { WebWorld } from './web-world';

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}
interface OpenApi {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

let web: WebWorld;
const clock = new FakeClock(1_795_228_100_000);
beforeEach(async () => {
  web = await WebWorld.open('12-min-ready-node-ready', clock);
});
afterEach(() => web.close());

const METRICS = metricsRoute({ exposition: () => Promise.resolve({ type: 'text/plain', text: '' }) });

function routesOf(program: 'launcher' | 'builder', tree: SeenTree): readonly Route[] {
  const about = { version: '1', phase: () => 'running' as const, clock };
  if (program === 'launcher')
    return [...launcherRoutes(tree, { ...about, log: silentLogger, random: seededRandom(1) }), METRICS];
  const logs = { builderId: 'me', file: () => '/nowhere', secretsOf: () => [] };
  return [...builderRoutes(tree, { ...about, logs, waits: () => [] }), METRICS];
}

async function documentOf(routes: readonly Route[]): Promise<OpenApi> {
  const { handle } = routes.find((it) => it.path === '/api/v1/openapi.json')!;
  const answer = await handle(undefined as never);
  if (answer.kind !== 'body') throw new Error('not a body');
  return JSON.parse(answer.rendering.body.toString()) as OpenApi;
}

describe.each(['launcher', 'builder'] as const)('of a %s', (program) => {
  let tree: SeenTree;
  beforeEach(() => {
    tree = new SeenTree(web.store, program === 'builder' ? BUILDER_PARTS : undefined);
  });
  afterEach(() => tree.close());

  test('is a valid OpenAPI document, checked by somebody else', async () => {
    const document = await documentOf(routesOf(program, tree));
    expect(document.openapi).toBe('3.1.0');
    await SwaggerParser.validate(structuredClone(document) as never);
  });

  test('describes each route that there is, and no other', async () => {
    const routes = routesOf(program, tree);
    const { paths } = await documentOf(routes);
    const described = Object.entries(paths).flatMap(([path, it]) =>
      Object.keys(it).map((method) => `${method} ${path}`),
    );
    const isDescribed = (it: Method) => it === 'GET' || it === 'DELETE';
    const served = routes.flatMap(({ path, methods = ['GET'] }) => {
      // Lists and probes also take POST as if it were GET, as the Python server does.
      const own = methods.length > 1 ? methods.filter(isDescribed) : methods;
      return own.map((it) => `${it.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`);
    });
    expect(described.sort()).toEqual(served.sort());
  });

  test('names operations once, parameters as in the path, and tags that are explained', async () => {
    const { paths, tags } = await documentOf(routesOf(program, tree));
    const operations = Object.values(paths).flatMap((it) => Object.values(it));
    const ids = operations.map((it) => it.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, methods] of Object.entries(paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((it) => it[1]);
      for (const { parameters = [], tags: own } of Object.values(methods)) {
        expect(parameters.filter((it) => it.in === 'path').map((it) => it.name)).toEqual(named);
        for (const it of own) expect(tags.map(({ name }) => name)).toContain(it);
      }
    }
  });
});

test('what is answered to a GET of each path is described, errors too', async () => {
  const document = JSON.parse((await ask(web.url('/api/v1/openapi.json'))).text) as OpenApi;
  const problem = { $ref: '#/components/schemas/Problem' };
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (get === undefined || get.tags.includes('follow') || path === '/metrics') continue;
    const headers = { accept: 'application/json' };
    const { status, text, headers: got } = await ask(web.url(path.replace(/\{\w+\}/g, 'none')), { headers });
    const { responses } = get;
    expect([path, Object.keys(responses)]).toEqual([path, expect.arrayContaining([String(status)])]);
    const type = got['content-type']!.split(';')[0]!;
    const { content = {} } = responses[status]!;
    expect([path, Object.keys(content)]).toEqual([path, expect.arrayContaining([type])]);
    if (status >= 400) expect(complaints(document as never, problem as never, JSON.parse(text))).toEqual([]);
  }
});

test('why a request waits is told in the shape that is described', async () => {
  const document = JSON.parse((await ask(web.url('/api/v1/openapi.json'))).text) as OpenApi;
  const id = [...web.store.requests.view().requests.keys()][0] ?? (await fileRequest());
  const path = '/api/v1/requests/{id}/explain';
  const { status, text } = await inTime(ask(web.url(path.replace('{id}', id))), clock);
  expect(status).toBe(200);
  const { schema } = document.paths[path]!['get']!.responses['200']!.content!['application/json'] as { schema: object };
  expect(complaints(document as never, schema as never, JSON.parse(text))).toEqual([]);
  const { pools, ...about } = JSON.parse(text) as { pools: { status: string }[] };
  expect(about).toEqual({ id, state: 'requested', labels: ['small'] });
  expect(pools.map((it) => it.status)).toEqual(['unknown', 'unknown']);
});

async function fileRequest(): Promise<string> {
  const record = newRequest({ nodeTypes: ['small'], requestor: 'test', stateTime: 1 });
  const id = await web.store.requests.create(record, 200, 'persistent');
  await web.settled();
  return id;
}
