import type { Clock } from '../runtime/clock';
import type { Answer, Route, WebRequest } from './answer';
import { JSON_TYPE, problem, TEXT_TYPE } from './answers';
import { ListWords } from './list-words';
import { LIST_PAGES } from './lists';
import { bestType } from './negotiation';
import { RenderingCache } from './rendering-cache';
import type { SeenTree } from './seen-tree';

/** In the order of preference (webapp.md 2); the first two are the same table. */
const OFFERS = ['text/html', 'text/plain', 'application/json'];

/** The lists of webapp.md 6, at their old paths, with their old shapes. */
export function listRoutes(tree: SeenTree, clock: Clock): Route[] {
  const cache = new RenderingCache(clock);
  return LIST_PAGES.map((page) => {
    const words = new ListWords(page);
    return {
      path: page.path,
      methods: ['GET', 'HEAD', 'POST'],
      handle: (request) => answerList(words, request, tree, cache),
    };
  });
}

async function answerList(
  words: ListWords,
  request: WebRequest,
  tree: SeenTree,
  cache: RenderingCache,
): Promise<Answer> {
  const { page } = words;
  const type = bestType(request.headers.accept, OFFERS);
  if (type === undefined) return problem(406, 'not-acceptable', `only as ${OFFERS.join(', ')}`);
  const sight = tree.sight(page.part);
  if (sight === 'loading') return notLoaded(page.part);
  const as = type === 'application/json' ? 'json' : 'text';
  const only = page.only === undefined ? undefined : (request.query.get(page.only.parameter) ?? undefined);
  const fields = as === 'json' ? undefined : fieldsOf(request.query);
  const rows = () => (only === undefined ? page.rows(tree) : page.only!.rows(tree, only));
  const list = only === undefined ? words.list(fields) : words.once(fields);
  const rendering = await cache.get(
    JSON.stringify([page.path, as, only ?? null, fields === undefined ? null : [...fields].sort()]),
    () => ({ version: tree.version(page.part), changesWithTime: list.changesWithTime(as) }),
    (now) => (as === 'json' ? list.json(rows(), now) : list.text(rows(), now)),
  );
  return {
    kind: 'body',
    status: 200,
    type: as === 'json' ? JSON_TYPE : TEXT_TYPE,
    rendering,
    cached: true,
    ...(sight === 'stale' ? { headers: STALE } : {}),
  };
}

/** ZooKeeper cannot be reached: this is what was true when it could. */
export const STALE = { Warning: '110 - "Response is Stale"' };

/** An empty list would be a lie. */
export function notLoaded(part: string): Answer {
  return problem(503, 'not-loaded', `the ${part} have not been read from ZooKeeper yet`, { 'Retry-After': '1' });
}

function fieldsOf(query: URLSearchParams): ReadonlySet<string> | undefined {
  const text = query.get('fields') ?? '';
  return text === '' ? undefined : new Set(text.split(','));
}
