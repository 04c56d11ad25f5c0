'use strict';

/**
 * Reads jest's JSON results and says the last word: a failed test fails, and so does a skipped one, unless
 * tests/allowed-skips.json lists its full name with the reason. Outside of CI a test may also be left out because the
 * machine cannot run it; its name then says what is missing.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const allowed = JSON.parse(readFileSync(join(__dirname, '..', '..', 'tests', 'allowed-skips.json'), 'utf8'));
const lacking = (name) => (process.env.CI ? undefined : /\(this machine lacks (.+?)\)/.exec(name)?.[0]);
const counts = { passed: 0, failed: 0, skipped: 0 };
const problems = [];
for (const file of process.argv.slice(2)) {
  const run = JSON.parse(readFileSync(file, 'utf8'));
  if (run.numTotalTests === 0) problems.push(`${file}: no test ran`);
  for (const suite of run.testResults) {
    if (suite.status === 'failed' && suite.assertionResults.every((it) => it.status !== 'failed')) {
      counts.failed += 1;
      problems.push(`${suite.name}: ${suite.message.split('\n')[0]}`);
    }
    for (const test of suite.assertionResults) {
      if (test.status === 'passed' && test.invocations > 1)
        process.stdout.write(`passed at the second try: ${test.fullName}\n`);
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') counts.failed += 1;
      else {
        counts.skipped += 1;
        const reason = allowed[test.fullName] ?? lacking(test.fullName);
        if (reason === undefined) problems.push(`skipped without a listed reason: ${test.fullName}`);
        else process.stdout.write(`skipped: ${test.fullName}: ${reason}\n`);
      }
    }
  }
}
for (const it of problems) process.stderr.write(`problem: ${it}\n`);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = problems.length > 0 || counts.failed > 0 || counts.passed === 0 ? 1 : 0;
