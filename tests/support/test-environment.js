'use strict';

const { TestEnvironment } = require('jest-environment-node');

/** Lets `leak-check.ts` know whether what is left open was left by a test that failed, and may pass at its second try. */
module.exports = class extends TestEnvironment {
  handleTestEvent({ name }) {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.global.aTestHasFailed = true;
  }
};
