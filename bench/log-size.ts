// How much of the disk a sealed log takes, with the rows that are kept for as-of questions, against its NDJSON export.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type EventLog, openLog } from '../eventlog/index.ts'
import { createIndexer } from '../src/town/past/indexer.ts'
import { openRowFiles } from '../src/town/past/row-files.ts'
import { corpus } from './corpus/cache.ts'
import { commitsInWords } from './corpus/commit-sizes.ts'
import type { Figure } from './stats.ts'

const RECORDS = Number(process.env.CORPUS_RECORDS ?? 1_000_000)
const SHARE_MAX = 1 / 4

export async function sealedSize(): Promise<Figure> {
  const { ndjson, log: dir } = await corpus({ records: RECORDS, seed: 1 })
  const log = await openLog(dir, { autoSeal: false })
  const { sealed } = await log.stats()
  const indexes = await bytesOfIndexes(log)
  await log.close()
  const bytes = bytesIn(dir)
  const lines = statSync(ndjson).size
  const each = (what: number) => (what / RECORDS).toFixed(0)
  return {
    name: `disk of a log of ${RECORDS} records, ${sealed} of them sealed, with its as-of indexes`,
    found: `${each(bytes)} + ${each(indexes)} bytes a record, NDJSON / ${(lines / (bytes + indexes)).toFixed(1)}`,
    peer: `NDJSON ${each(lines)} bytes a record; ${commitsInWords()}`,
    asked: 'under NDJSON / 4',
    holds: bytes + indexes < lines * SHARE_MAX,
  }
}

/** As the thread of the past keeps them. */
async function bytesOfIndexes(log: EventLog): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'gt-size-'))
  try {
    const rows = openRowFiles(folder, 'size', { writes: true })
    await createIndexer(log, rows, setImmediate).catchUp(log.head.seq)
    rows.close()
    return bytesIn(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function bytesIn(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size
  return bytes
}
