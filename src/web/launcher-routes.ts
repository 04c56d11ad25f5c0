import type { Clock } from '../runtime/clock';
import type { Route } from './answer';
import { apiRoutes } from './api-routes';
import { changeRoutes } from './change-events';
import { dashboardRoutes } from './dashboard';
import { healthRoutes, type Phase } from './health';
import { listRoutes } from './list-routes';
import { logRoutes } from './log-routes';
import type { SeenTree } from './seen-tree';

export interface LauncherWebOptions {
  readonly version: string | null;
  readonly phase: () => Phase;
  readonly clock: Clock;
}

/** What a launcher serves: the pages of webapp.md, `/health`, and `/api/v1`. `tree` shows all its parts. */
export function launcherRoutes(tree: SeenTree, { version, phase, clock }: LauncherWebOptions): Route[] {
  return [
    ...dashboardRoutes(Math.floor(clock.wall() / 1000)),
    ...listRoutes(tree, clock),
    ...healthRoutes(tree, { program: 'launcher', version, phase }, clock),
    ...apiRoutes(tree, version, clock),
    ...changeRoutes(tree, clock),
    ...logRoutes(tree, undefined, clock),
  ];
}
