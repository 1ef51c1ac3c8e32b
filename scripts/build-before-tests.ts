import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the copy of the program that all towns of a run share: one for each would cost a second. */
    programs: string
    /** A folder that goes with the run, for what no test takes away. */
    temporary: string
  }
}

/**
 * Builds dist/ once before the tests, because some of them run `bin/gt`.
 * A source that cannot be parsed does not stop the others' tests; the build has then said which it is.
 */
export default function buildBeforeTests(project: TestProject): () => void {
  spawnSync(process.execPath, [join(import.meta.dirname, 'build.mjs')], { stdio: 'inherit' })
  const programs = mkdtempSync(join(tmpdir(), 'gt-p-'))
  project.provide('programs', programs)
  const temporary = mkdtempSync(join(tmpdir(), 'gt-v-'))
  project.provide('temporary', temporary)
  return () => {
    for (const folder of [programs, temporary]) rmSync(folder, { recursive: true, force: true })
  }
}
