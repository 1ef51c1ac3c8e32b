// A folder of temporary files that the tests of one file share.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { atFileEnd } from './file-end.ts'

/** It is there at once, and goes behind the last test of the file; where no test is chosen (`-t`), with the run. */
export function folderOfFile(prefix: string): string {
  const folder = realpathSync(mkdtempSync(join(inject('temporary'), prefix)))
  atFileEnd(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
