import { main as builder } from '../../src/builder/command';
import { main as launcher } from '../../src/launcher/command';
import { main as nodepoold } from '../../src/nodepoold/command';
import type { Program } from '../../src/runtime/program';

/** A daemon with the surroundings that `bin` gives it, from its source; which one says TEST_DAEMON. */
const programs: Readonly<Record<string, Program>> = {
  'nodepool-builder': builder,
  'nodepool-launcher': launcher,
  nodepoold,
};

// eslint-disable-next-line @typescript-eslint/no-require-imports -- the very file that `bin` uses
const runProgram = require('../../bin/lib/run-program') as (program: Program) => void;
runProgram(programs[process.env['TEST_DAEMON'] ?? 'nodepool-launcher']!);
