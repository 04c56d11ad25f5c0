'use strict';

/**
 * `npm run bench -- NAME [ARGUMENT…]` runs bench/NAME.bench.ts; without a name it lists what there is. TypeScript is compiled
 * in memory: a fresh clone needs `npm ci` and nothing else.
 */
const { existsSync, readdirSync } = require('node:fs');
const { join } = require('node:path');

require('../tests/support/register.js');

const [name, ...rest] = process.argv.slice(2);
const file = join(__dirname, `${name}.bench.ts`);
if (name === undefined || !existsSync(file)) {
  const names = readdirSync(__dirname).flatMap((it) => (it.endsWith('.bench.ts') ? [it.slice(0, -9)] : []));
  console.error(`usage: npm run bench -- NAME, where NAME is one of: ${names.join(', ')}`);
  process.exit(name === undefined ? 0 : 2);
}

require(file)
  .run(rest)
  .then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
