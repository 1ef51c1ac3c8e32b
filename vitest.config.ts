import { defineConfig } from 'vitest/config'
import { LongestFirst } from './scripts/longest-first.ts'

/** Files that change their process, or ask for one in which nothing was loaded or begun yet. */
const ALONE = [
  'test/eventlog/damage/**/*.test.ts',
  'test/eventlog/aside.test.ts',
  'test/git/gates.test.ts',
  'test/town/log-trouble.test.ts',
]
const limits = { setupFiles: ['./test/support/setup.ts'], testTimeout: 30_000, hookTimeout: 30_000 }

export default defineConfig({
  test: {
    globalSetup: ['./scripts/build-before-tests.ts'],
    pool: 'forks',
    // Measured on two cores: three workers make each test slower by as much as there are more of them.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    passWithNoTests: true,
    reporters: ['default', './scripts/closing-line.ts'],
    projects: [
      {
        test: {
          ...limits,
          name: 'all',
          include: ['test/**/*.test.ts'],
          // With the real agent programs: `npm run test:agents`.
          exclude: ['test/agents/**', ...ALONE],
          // Loading what they test took each file half a second; the files of a worker load it but once.
          isolate: false,
        },
      },
      { test: { ...limits, name: 'alone', include: ALONE } },
    ],
  },
})
