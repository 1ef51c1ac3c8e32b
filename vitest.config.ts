import { defineConfig } from 'vitest/config'
import { LongestFirst } from './scripts/longest-first.ts'

/** Rooms whose tests leave nothing behind: their files share a process, which has loaded what they test but once. */
const SHARING = ['actors', 'api', 'cli', 'events', 'past', 'projections', 'system'].map(
  (room) => `test/${room}/**/*.test.ts`,
)
const limits = { testTimeout: 30_000, hookTimeout: 30_000 }

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
          name: 'towns',
          include: ['test/**/*.test.ts'],
          // With the real agent programs: `npm run test:agents`.
          exclude: ['test/agents/**', ...SHARING],
        },
      },
      { test: { ...limits, name: 'rooms', include: SHARING, isolate: false } },
    ],
  },
})
