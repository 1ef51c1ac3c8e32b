// Finding every row that can still be read in the files of a damaged database.
//
// Owns:      reading tables and LevelDB's own log without LevelDB, which ends the process over some damage.
// Does not:  decide what belongs together (repair.ts), or write.
// Always:    what is found was compared with its checksum. What LevelDB has replaced since is found too: a row says of
//            itself which entries it holds, so old rows are as true as new ones.

import { type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { framesOf } from './archive.ts'
import { META_FORMAT, META_LOG_ID, seqOf } from './keys.ts'
import { headerOf, isDamaged, type RowHeader } from './row.ts'
import { itemsOfTable } from './table.ts'
import { decodeIdBatch, decodeIdPlace, decodeText, signed } from './values.ts'
import { putsOf } from './write-ahead.ts'

/** A row by what it says of itself; its bytes stay in their file when that is a table. */
export type FoundRow = Omit<RowHeader, 'bytes' | 'sealed'> & {
  readonly key: Buffer
  readonly place: Buffer | { readonly path: string; readonly offset: number; readonly size: number }
}

export type Salvage = {
  readonly rows: readonly FoundRow[]
  readonly logId: string | undefined
  readonly format: number
  /** Append ids, the latest place of each, and the lists by which they are forgotten. */
  readonly ids: readonly { readonly last: number; readonly key: Buffer; readonly value: Buffer }[]
}

/** `archive`: the folder of archive files, which need not be there. */
export async function salvage(folder: string, archive: string): Promise<Salvage> {
  const rows = new Map<string, FoundRow>()
  const ids = new Map<string, { last: number; key: Buffer; value: Buffer }>()
  let logId: string | undefined
  let format = 0
  const keep = (key: Buffer, value: Buffer, placeOf: (value: Buffer) => FoundRow['place']): void => {
    const last = seqOf(key)
    const letter = String.fromCharCode(key[0] ?? 0)
    if (letter === 'r' && last !== undefined) {
      const header = headerSafely(key, last, value)
      if (!header) return
      const { first, before, after } = header
      const name = `${first} ${last} ${before.toString('latin1')}`
      const found = { first, last, before: Buffer.from(before), after: Buffer.from(after) }
      if (!rows.has(name)) rows.set(name, { ...found, key: Buffer.from(key), place: placeOf(value) })
    } else if (letter === 'i') {
      const place = decodeIdPlace(key, value)
      const name = key.toString('latin1')
      if (place && place.last > (ids.get(name)?.last ?? 0)) ids.set(name, kept(place.last, key, value))
    } else if (letter === 'x' && last !== undefined) {
      if (decodeIdBatch(key, value)) ids.set(key.toString('latin1'), kept(last, key, value))
    } else if ((letter === 'h' || letter === 'p') && last !== undefined) {
      if (signed(key, value)) ids.set(key.toString('latin1'), kept(last, key, value))
    } else if (key.equals(META_LOG_ID)) logId = decodeText(key, value) ?? logId
    else if (key.equals(META_FORMAT)) format = Math.max(format, Number(decodeText(key, value) ?? 0))
  }
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name)
    if (/\.(ldb|sst)$/.test(name)) {
      const file = await readFile(path)
      const placeOf = (value: Buffer) => ({
        path,
        offset: value.byteOffset - file.byteOffset,
        size: value.length,
      })
      for (const { key, value } of itemsOfTable(file)) keep(key, value, placeOf)
    } else if (/\.log$/.test(name)) {
      for (const { key, value } of putsOf(await readFile(path))) keep(key, value, (row) => Buffer.from(row))
    }
  }
  for (const name of (await readdir(archive).catch(() => [])).sort()) {
    const path = join(archive, name)
    const file = await readFile(path)
    for (const { key, value } of framesOf(file))
      keep(key, value, () => ({ path, offset: value.byteOffset - file.byteOffset, size: value.length }))
  }
  return { rows: [...rows.values()], logId, format, ids: [...ids.values()] }
}

export async function bytesOfRow({ place }: FoundRow): Promise<Buffer> {
  if (Buffer.isBuffer(place)) return place
  let file: FileHandle | undefined
  try {
    file = await open(place.path, 'r')
    const bytes = Buffer.alloc(place.size)
    await file.read(bytes, 0, place.size, place.offset)
    return bytes
  } finally {
    await file?.close()
  }
}

const kept = (last: number, key: Buffer, value: Buffer) => ({
  last,
  key: Buffer.from(key),
  value: Buffer.from(value),
})

function headerSafely(key: Buffer, last: number, value: Buffer): RowHeader | undefined {
  try {
    const header = headerOf(key, last, value)
    return isDamaged(header) ? undefined : header
  } catch {
    // Too short to be a row.
    return undefined
  }
}
