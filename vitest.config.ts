import { defineConfig } from 'vitest/config'
import { LongestFirst } from './scripts/longest-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // With the real agent programs: `npm run test:agents`.
    exclude: ['test/agents/**'],
    globalSetup: ['./scripts/build-before-tests.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    passWithNoTests: true,
    reporters: ['default', './scripts/closing-line.ts'],
  },
})
