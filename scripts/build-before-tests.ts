import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * Builds dist/ once before the tests, because some of them run `bin/gt`.
 * A source that cannot be parsed does not stop the others' tests; the build has then said which it is.
 */
export default function buildBeforeTests(): void {
  spawnSync(process.execPath, [join(import.meta.dirname, 'build.mjs')], { stdio: 'inherit' })
}
