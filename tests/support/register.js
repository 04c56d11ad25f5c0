'use strict';

/**
 * Lets a child process of a test run TypeScript: `node -r tests/support/register.js tests/support/child-….ts`. Compiles in
 * memory as jest does; no build needed.
 */
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, file) => {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    module: { type: 'commonjs' },
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    sourceMaps: 'inline',
  });
  module._compile(code, file);
};
