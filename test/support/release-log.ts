// The log of a release: what a real town of that version wrote, and what it says of it today and for ever.
//
// `node test/support/release-log.ts <town> <version>` makes both files of a version out of a town that is down: its export, and
// the answers that any later version must give of it. A release is cut once; before, they may be made anew.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { exportLines, openLog, verifyExport } from '../../eventlog/index.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { nextState } from '../../src/system/owners.ts'
import type { OwnerState } from '../../src/system/types.ts'
import { townFiles } from '../../src/town/files.ts'

const CLONE = resolve(import.meta.dirname, '../..')

export const RELEASES: string = join(import.meta.dirname, '../data/releases')

export type Expected = {
  readonly records: number
  readonly chain: string
  /** SHA-256 of all states of owners at the end, read without any machine. */
  readonly states: string
  /** By record: beads as they were then. */
  readonly beadsAt: Readonly<
    Record<string, readonly (readonly [id: string, status: string, stage: string])[]>
  >
}

/** The same of any log, as this build reads it. */
export function told(lines: readonly string[], chain: string): Expected {
  const asked = new Set([0.25, 0.5, 0.75, 1].map((part) => Math.round(lines.length * part)))
  const states = new Map<string, OwnerState>()
  const projections = createProjections()
  const beadsAt: Record<string, Expected['beadsAt'][string]> = {}
  for (const record of lines.map(recordOf)) {
    fold(states, record)
    applyAll(projections, record)
    if (asked.has(record.seq))
      beadsAt[record.seq] = [...projections.beads.rows.byId.values()].map(
        ({ id, status, stage }) => [id, status, stage] as const,
      )
  }
  return { records: lines.length, chain, states: digestOf(states), beadsAt }
}

export function releaseLog(version: string): { readonly lines: string[]; readonly expected: Expected } {
  const folder = join(RELEASES, version)
  const text = zstdDecompressSync(readFileSync(join(folder, 'log.ndjson.zst'))).toString('utf8')
  return {
    lines: text.trimEnd().split('\n'),
    expected: JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected,
  }
}

function fold(states: Map<string, OwnerState>, record: LogRecord): void {
  if (record.refused === undefined)
    states.set(record.actor, nextState(states.get(record.actor) ?? null, record))
}

function digestOf(states: ReadonlyMap<string, OwnerState>): string {
  const text = JSON.stringify(
    [...states].sort(([a], [b]) => (a < b ? -1 : 1)),
    (_, value: unknown) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
  )
  return createHash('sha256').update(text).digest('hex')
}

if (import.meta.main) {
  const [, , town, version] = process.argv
  if (town === undefined || version === undefined) throw new Error('Say which town, and which version.')
  const log = await openLog(townFiles(town).log)
  const lines: string[] = []
  // Where this clone lies is nobody's business.
  for await (const line of exportLines(log)) lines.push(line.replaceAll(CLONE, '/gt'))
  await log.close()
  const expected = told(lines, (await verifyExport(lines)).head.chain)
  const folder = join(RELEASES, version)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'log.ndjson.zst'), zstdCompressSync(Buffer.from(`${lines.join('\n')}\n`)))
  writeFileSync(join(folder, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`)
}
