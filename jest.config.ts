/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  globalSetup: '<rootDir>/test/keep-cluster.mjs',
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.jest.json' }] },
  // Source files import each other with the extension they have once compiled (.js); here they are still .ts.
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^express-crm-notifier$': '<rootDir>/src/index.ts',
    '^express-crm-notifier/formats/(.+)$': '<rootDir>/src/formats/$1.ts',
    '^express-crm-notifier/(.+)$': '<rootDir>/src/$1/index.ts',
  },
  // A busy machine is slow to start a process; what hangs is found out all the same.
  testTimeout: 60_000,
  // Most of them wait for sockets, files and processes rather than for a core.
  maxWorkers: 2,
  // A handle left open is a defect. Workers are ended at the end whatever is open, so look with `npx jest --runInBand`, which
  // then does not end.
  forceExit: false,
  reporters: ['default', '<rootDir>/test/closing-line-reporter.mjs'],
};

export { config as default };
