import { FLEET_SPECS } from './specs/fleet-specs';
import { IMAGE_SPECS } from './specs/image-specs';
import { NODE_SPECS } from './specs/node-specs';
import { REQUEST_SPECS } from './specs/request-specs';
import type { CommandSpec } from './specs/spec';

export { GLOBAL_OPTIONS } from './specs/options';
export type { ArgumentSpec, CommandSpec, OptionSpec } from './specs/spec';

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly CommandSpec[] = [...NODE_SPECS, ...REQUEST_SPECS, ...IMAGE_SPECS, ...FLEET_SPECS];
