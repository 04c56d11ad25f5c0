'use strict';
require('./run-program')(require('../../dist/cli/quickstart/command').main);
