// How much of the disk a sealed log takes, against its NDJSON export.

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openLog } from '../eventlog/index.ts'
import { corpus } from './corpus/cache.ts'
import { commitsInWords } from './corpus/commit-sizes.ts'
import type { Figure } from './stats.ts'

const RECORDS = Number(process.env.CORPUS_RECORDS ?? 1_000_000)
const SHARE_MAX = 1 / 4

export async function sealedSize(): Promise<Figure> {
  const { ndjson, log: dir } = await corpus({ records: RECORDS, seed: 1 })
  const log = await openLog(dir, { autoSeal: false })
  const { sealed } = await log.stats()
  await log.close()
  const bytes = bytesIn(dir)
  const lines = statSync(ndjson).size
  return {
    name: `disk of a log of ${RECORDS} records, ${sealed} of them sealed`,
    found: `${(bytes / RECORDS).toFixed(0)} bytes a record, NDJSON / ${(lines / bytes).toFixed(1)}`,
    peer: `NDJSON ${(lines / RECORDS).toFixed(0)} bytes a record; ${commitsInWords()}`,
    asked: 'under NDJSON / 4, with its as-of indexes',
    holds: bytes < lines * SHARE_MAX,
  }
}

function bytesIn(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size
  return bytes
}
