// Clones of this project as `npm ci --omit=dev` leaves them, of hard links, for tests that change or remove them.

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const BUILT_PROGRAM = join(import.meta.dirname, '../../dist/src/town/program/program.js')

/** Makes a clone in `dir`, in place of what is there; `version` is what its package.json says. */
export async function makeClone(dir: string, version: string): Promise<void> {
  const { keepProgram } = (await import(BUILT_PROGRAM)) as typeof import('../../src/town/program/program.ts')
  mkdirSync(join(dir, '..'), { recursive: true })
  const aside = mkdtempSync(join(dir, '..', 'aside-'))
  mkdirSync(join(aside, '.gt'))
  const made = keepProgram(aside)
  rmSync(dir, { recursive: true, force: true })
  renameSync(made.dir, dir)
  rmSync(aside, { recursive: true })
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as object
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ ...manifest, version }, null, 2))
}
