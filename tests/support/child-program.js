'use strict';

/**
 * A program of ours as a child process of a test, straight from its source: `node tests/support/child-program.js builder ARGS…`.
 * Signals and exit status are those of the real thing.
 */
require('./register.js');
const killPoint = process.env.NODEPOOL_TEST_KILL;
if (killPoint !== undefined) require('./kill-point.ts').armKillPoint(killPoint);
const [name, ...args] = process.argv.slice(2);
process.argv.splice(2, process.argv.length, ...args);
require('../../bin/lib/run-program')(require(`../../src/${name}/command`).main);
