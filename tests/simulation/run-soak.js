'use strict';

/** `npm run soak -- [--minutes 10] [--seed N]`: prints a report as JSON; ends with 1 if something was violated. */
const { parseArgs } = require('node:util');
require('../support/register.js');

const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
const seconds = Number(values.minutes ?? 10) * 60;
const seed = Number(values.seed ?? Date.now() % 1_000_000);
console.error(`seed ${seed}`);

require('./soak.ts')
  .runSoak({ seconds, seed, say: (text) => console.error(text) })
  .then(
    (report) => {
      console.log(JSON.stringify(report, undefined, 2));
      process.exit(report.violations.length === 0 ? 0 : 1);
    },
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
