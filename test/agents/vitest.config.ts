import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = join(import.meta.dirname, '..', '..')

/** Real programs, some of which take a second and a quarter of a gigabyte: one file after another. */
export default defineConfig({
  test: {
    root,
    include: ['test/agents/**/*.test.ts'],
    globalSetup: ['./scripts/build-before-tests.ts'],
    setupFiles: ['./test/support/setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default', './scripts/closing-line.ts'],
  },
})
