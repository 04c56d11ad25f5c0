import type { Method, Route } from './answer';

export type Found =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'bad-path' }
  | { readonly kind: 'method'; readonly allowed: readonly string[] };

/** Finds routes by path and method. A fixed part of a path goes before a `:name`; a trailing slash is another path. */
export class Router {
  readonly #routes: readonly { readonly parts: readonly string[]; readonly route: Route }[];

  constructor(routes: readonly Route[]) {
    const rank = (route: Route) => route.path.split('/').map((it) => (it.startsWith(':') ? '1' : '0'));
    this.#routes = [...routes]
      .sort((one, other) => (rank(one).join('') < rank(other).join('') ? -1 : 1))
      .map((route) => ({ parts: route.path.split('/'), route }));
  }

  find(method: string, path: string): Found {
    const parts = decoded(path.split('/'));
    if (parts === undefined) return { kind: 'bad-path' };
    if (!parts.every(isName)) return { kind: 'not-found' };
    const matching = this.#routes.filter((it) => matches(it.parts, parts));
    if (matching.length === 0) return { kind: 'not-found' };
    const found = matching.find((it) => methodsOf(it.route).includes(method as Method));
    if (found === undefined) {
      return { kind: 'method', allowed: [...new Set(matching.flatMap((it) => methodsOf(it.route)))] };
    }
    return { kind: 'route', route: found.route, params: paramsOf(found.parts, parts) };
  }
}

/** Parts name znodes: what would lead elsewhere, or nowhere, is no name of anything. */
function isName(part: string): boolean {
  return part !== '.' && part !== '..' && !/[/\x00-\x1f\x7f]/.test(part);
}

function methodsOf(route: Route): readonly Method[] {
  return route.methods ?? ['GET', 'HEAD'];
}

function decoded(parts: readonly string[]): readonly string[] | undefined {
  try {
    return parts.map((it) => decodeURIComponent(it));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length &&
    pattern.every((it, index) => (it.startsWith(':') ? parts[index] !== '' : it === parts[index]))
  );
}

function paramsOf(pattern: readonly string[], parts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pattern.flatMap((it, index): [string, string][] => (it.startsWith(':') ? [[it.slice(1), parts[index]!]] : [])),
  );
}
