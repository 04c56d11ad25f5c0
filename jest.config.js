'use strict';

const project = (name, folders, setup = []) => ({
  displayName: name,
  testEnvironment: '<rootDir>/tests/support/test-environment.js',
  roots: folders.map((it) => `<rootDir>/tests/${it}`),
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  setupFilesAfterEnv: ['leak-check', 'second-try', ...setup].map((it) => `<rootDir>/tests/support/${it}.ts`),
});

/** Two families: `unit` needs nothing but Node; `integration` starts real servers and programs of its own. */
module.exports = {
  projects: [
    project('unit', ['unit', 'tidy']),
    project('integration', ['drivers', 'integration', 'simulation'], ['long-patience']),
  ],
  maxWorkers: 2,
  testTimeout: 60_000,
};
