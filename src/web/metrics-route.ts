import type { Exposition } from '../runtime/metrics/prometheus';
import type { Route } from './answer';
import { Rendering } from './rendering';

/** `/metrics`, for Prometheus to fetch. */
export function metricsRoute(source: { exposition(): Promise<Exposition> }): Route {
  return {
    path: '/metrics',
    handle: async () => {
      const { type, text } = await source.exposition();
      return { kind: 'body', status: 200, type, rendering: new Rendering(text, 0), cached: false };
    },
  };
}
