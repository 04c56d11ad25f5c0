'use strict';

/** `nodepool-fake-cloud` from its sources, for tests. */
require('./register');
require('../../bin/lib/run-program')(require('../../src/drivers/fake/command.ts').main);
