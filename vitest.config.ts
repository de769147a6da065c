import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build-once.ts'],
    // Tests start servers and child processes of their own, so each file gets a process of its own too.
    pool: 'forks',
    maxWorkers: 2,
    // A first start of the embedded server takes seconds on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 15_000,
  },
});
