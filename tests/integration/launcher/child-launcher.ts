import { main } from '../../../src/launcher/command';
import type { Program } from '../../../src/runtime/program';

// eslint-disable-next-line @typescript-eslint/no-require-imports -- the same surroundings as `bin/nodepool-launcher` gives it
const runProgram = require('../../../bin/lib/run-program') as (program: Program) => void;
runProgram(main);
