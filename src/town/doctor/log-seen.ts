// The log of a town that is down: is it whole, and what does it say? Read as it is: no owner is brought along, nothing is
// decided, no checkpoint is made or dropped.

import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LogError, openLog } from '../../../eventlog/index.ts'
import { type Known, knownIn, statesAt } from '../../api/reads/known.ts'
import type { Address } from '../../events/record.ts'
import { townFiles } from '../files.ts'
import { verifyLogIn } from '../logs/look.ts'

export type LogSeen =
  /** A daemon has it open, and says what it met. */
  | { readonly kind: 'open' }
  | { readonly kind: 'sound'; readonly records: number }
  | { readonly kind: 'damaged'; readonly problems: readonly string[] }
  /** Nothing is said of it. */
  | { readonly kind: 'notChecked'; readonly why: string }

/** A larger log is not read through for a quick look. */
const QUICK_BYTES = 64 * 1024 * 1024

export async function lookAtLog(dir: string): Promise<LogSeen> {
  const bytes = await sizeOf(townFiles(dir).log)
  if (bytes > QUICK_BYTES) return { kind: 'notChecked', why: 'the log is too large for a quick look' }
  try {
    const report = await verifyLogIn(dir)
    if (report.ok) return { kind: 'sound', records: report.records }
    return {
      kind: 'damaged',
      problems: report.problems.slice(0, 10).map(({ seq, message }) => `record ${seq}: ${message}`),
    }
  } catch (error) {
    if (!(error instanceof LogError)) return { kind: 'notChecked', why: String(error) }
    if (error.code === 'LOG_DAMAGED' || error.code === 'LOG_MISSING')
      return { kind: 'damaged', problems: [error.message] }
    return { kind: 'notChecked', why: error.message }
  }
}

/** @throws {LogError}; an Error with TOWN_NEWER */
export async function foldKnown(dir: string, asked: readonly Address[]): Promise<Known> {
  const log = await openLog(townFiles(dir).log, { autoSeal: false })
  try {
    return knownIn(await statesAt(log, log.head.seq), asked)
  } finally {
    await log.close()
  }
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => [])
  let bytes = 0
  for (const name of names) bytes += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0
  return bytes
}
