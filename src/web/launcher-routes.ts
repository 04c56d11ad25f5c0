import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/log';
import type { Random } from '../runtime/random';
import type { AdminScene } from './admin-calls';
import { adminRoutes } from './admin-routes';
import type { AdminTokens } from './admin-tokens';
import type { Route } from './answer';
import { apiRoutes } from './api-routes';
import { changeRoutes } from './change-events';
import { dashboardRoutes } from './dashboard';
import { explainRoute } from './explain-route';
import { healthRoutes, type Phase } from './health';
import { listRoutes } from './list-routes';
import { logRoutes } from './log-routes';
import type { SeenTree } from './seen-tree';

export interface LauncherWebOptions {
  readonly version: string | null;
  readonly phase: () => Phase;
  /** Why an older configuration than that of the files is in force. */
  readonly configProblem?: (() => string | undefined) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Who may change what; absent: nobody anything. */
  readonly admin?: { readonly tokens: AdminTokens; readonly images: AdminScene['images'] } | undefined;
}

/** What a launcher serves: the pages of webapp.md, `/health`, and `/api/v1`. `tree` shows all its parts. */
export function launcherRoutes(tree: SeenTree, options: LauncherWebOptions): Route[] {
  const { version, phase, clock, log, admin, configProblem } = options;
  return [
    ...dashboardRoutes(Math.floor(clock.wall() / 1000)),
    ...listRoutes(tree, clock),
    ...healthRoutes(
      tree,
      { program: 'launcher', version, phase, configProblem, takesTokens: admin !== undefined },
      clock,
    ),
    ...apiRoutes(tree, { program: 'launcher', version }, clock),
    ...changeRoutes(tree, clock),
    ...logRoutes(tree, undefined, clock),
    explainRoute(tree, options),
    ...adminRoutes(admin === undefined ? undefined : { ...admin, store: tree.store, tree, clock, log }),
  ];
}
