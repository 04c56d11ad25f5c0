import type { Clock } from '../runtime/clock';
import type { Answer, Route, WebRequest } from './answer';
import { JSON_TYPE, problem } from './answers';
import { notLoaded, STALE } from './list-routes';
import { openApiDocument } from './openapi';
import { Rendering } from './rendering';
import { RenderingCache } from './rendering-cache';
import { filtered, type Resource, ResourceWords } from './resource';
import { RESOURCES } from './resources';
import type { SeenTree } from './seen-tree';

/** The resources below `/api/v1` that `tree` can show, and their description. */
export function apiRoutes(
  tree: SeenTree,
  about: { readonly program: 'launcher' | 'builder'; readonly version: string | null },
  clock: Clock,
): Route[] {
  const shown = RESOURCES.filter((it) => tree.parts.includes(it.part));
  const document = new Rendering(
    `${JSON.stringify(openApiDocument({ ...about, resources: shown }))}\n`,
    Math.floor(clock.wall() / 1000),
  );
  return [
    { path: '/api/v1/openapi.json', handle: () => cached(document) },
    ...shown.flatMap((it) => resourceRoutes(it, tree, clock)),
  ];
}

function resourceRoutes(resource: Resource, tree: SeenTree, clock: Clock): Route[] {
  const words = new ResourceWords(resource.fields);
  const cache = new RenderingCache(clock);
  const answer = async (key: string, make: () => string | Buffer | undefined): Promise<Answer> => {
    const sight = tree.sight(resource.part);
    if (sight === 'loading') return notLoaded(resource.part);
    const basis = () => ({ version: tree.version(resource.part), changesWithTime: false });
    const rendering = await cache.get(key, basis, () => make() ?? '');
    if (rendering.body.length === 0) return problem(404, 'not-found', `there is no such ${resource.schemaName}`);
    return cached(rendering, sight === 'stale');
  };
  const list = (request: WebRequest) => {
    const wanted = filtersOf(resource, request.query);
    const limit = limitOf(request.query);
    if (limit === undefined) return problem(400, 'bad-request', '"limit" is a whole number from 1');
    const key = JSON.stringify([limit, ...wanted]);
    return answer(key, () => {
      const rows = resource.rows(tree);
      const shown = filtered(rows, resource.fields, wanted).slice(0, limit);
      return shown.length === rows.length ? words.all(rows) : words.some(shown);
    });
  };
  const routes: Route[] = [{ path: `/api/v1/${resource.name}`, handle: list }];
  const { one } = resource;
  if (one !== undefined) {
    routes.push({
      path: `/api/v1/${resource.name}${one.path}`,
      handle: ({ params }) =>
        answer(JSON.stringify(params), () => {
          const row = one.find(tree, params);
          return row === undefined ? undefined : `${words.one(row)}\n`;
        }),
    });
  }
  return routes;
}

/** Several values of one name, given apart or joined with commas, mean any of them. */
function filtersOf(resource: Resource, query: URLSearchParams): ReadonlyMap<string, readonly string[]> {
  const names = resource.fields.filter((it) => it.isFilter === true && query.has(it.name)).map((it) => it.name);
  return new Map(names.map((it) => [it, query.getAll(it).flatMap((value) => value.split(','))]));
}

/** How many are wanted at most; undefined if that is no number of them. */
function limitOf(query: URLSearchParams): number | undefined {
  const text = query.get('limit');
  if (text === null) return Infinity;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

function cached(rendering: Rendering, isStale = false): Answer {
  const headers = isStale ? { headers: STALE } : {};
  return { kind: 'body', status: 200, type: JSON_TYPE, rendering, cached: true, ...headers };
}
