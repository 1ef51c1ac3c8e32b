// The folder that a demo plays in, and how it is left whatever happens: no town is up in it.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Gt, gtIn } from './gt.ts'
import type { Teller } from './teller.ts'

export type OwnFolder = {
  readonly folder: string
  /** The town's folder in it. Not made yet. */
  readonly dir: string
  readonly gt: Gt
}

/** Longest folder of temporary files whose paths still fit on the last screen. */
const TMP_CHARS_MAX = 24

/**
 * Plays in a new folder, and resolves with the exit code: what `play` says, 1 when it throws (`failure` is the
 * sentence's beginning), 130 when it is interrupted. A folder with a town in it stays.
 */
export async function inOwnFolder(
  teller: Teller,
  failure: string,
  play: (own: OwnFolder) => Promise<number>,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir().length <= TMP_CHARS_MAX ? tmpdir() : '/tmp', 'gt-demo-'))
  const dir = join(folder, 'town')
  const gt = gtIn(folder)
  const down = async (): Promise<void> => {
    await gt.abandon()
    if (existsSync(dir)) await bringDown(gtIn(folder))
  }
  let interrupted = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true
      void down().then(() => process.exit(130))
    })
  }
  try {
    return await play({ folder, dir, gt })
  } catch (error) {
    // Then the signal's own way out is taken.
    if (interrupted) return 130
    await down()
    teller.plain(`\n${failure}: ${error instanceof Error ? error.message : String(error)}`)
    if (existsSync(dir)) teller.plain(`Its town stays in ${dir}; this line removes it:\n    rm -rf ${folder}`)
    else rmSync(folder, { recursive: true })
    return 1
  }
}

/** Also when the daemon is dead and agents are still at work: only a town that is up can end them. */
async function bringDown(gt: Gt): Promise<void> {
  try {
    await gt('down')
  } catch {
    await gt('up')
      .then(() => gt('down'))
      .catch(() => undefined)
  }
}
