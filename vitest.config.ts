import { defineConfig } from 'vitest/config';

/**
 * Five projects: `unit` runs anywhere in seconds; `smoke` needs a lab that is up and reads its stack outputs; `full` needs the
 * same and takes its time; `lab` builds labs of its own and takes them down again, and
 * `full-lab` takes its time for that. `./podferry test` runs them in this order, the two long ones only when asked with `--full`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [
            'node_modules/**',
            '.podferry/**',
            '**/*.smoke.test.ts',
            '**/*.full.test.ts',
            '**/*.lab.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'smoke',
          include: ['migration/smoke/**/*.smoke.test.ts', 'experiment/**/*.smoke.test.ts'],
          globalSetup: ['migration/smoke/probe-image.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'full',
          include: ['**/*.full.test.ts'],
          globalSetup: ['migration/smoke/probe-image.ts'],
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['**/*.lab.test.ts'],
          exclude: ['node_modules/**', '.podferry/**', '**/*.full.lab.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'full-lab',
          include: ['**/*.full.lab.test.ts'],
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
