import type { ImageWait } from '../model/image-waits';
import type { Clock } from '../runtime/clock';
import type { Route } from './answer';
import { apiRoutes } from './api-routes';
import { changeRoutes } from './change-events';
import { dashboardRoutes } from './dashboard';
import { healthRoutes, type Phase } from './health';
import { type LocalLogs, logRoutes } from './log-routes';
import type { Part, SeenTree } from './seen-tree';
import { waitsRoute } from './waits-route';

export interface BuilderWebOptions {
  readonly version: string | null;
  readonly phase: () => Phase;
  /** Why an older configuration than that of the files is in force. */
  readonly configProblem?: (() => string | undefined) | undefined;
  readonly logs: LocalLogs;
  /** What it is to try again. */
  readonly waits: () => readonly ImageWait[];
  readonly clock: Clock;
}

/** What a builder looks at anyway; nodes and requests are the launcher's to show. */
export const BUILDER_PARTS: readonly Part[] = ['images', 'components'];

/** What a builder serves: health, its images and builds, and the logs of the builds that it made. */
export function builderRoutes(
  tree: SeenTree,
  { version, phase, logs, waits, clock, configProblem }: BuilderWebOptions,
): Route[] {
  return [
    ...dashboardRoutes(Math.floor(clock.wall() / 1000)),
    ...healthRoutes(tree, { program: 'builder', version, phase, configProblem }, clock),
    ...apiRoutes(tree, { program: 'builder', version }, clock),
    ...changeRoutes(tree, clock),
    ...logRoutes(tree, logs, clock),
    waitsRoute(waits),
  ];
}
