// Flipping one bit anywhere in a log: whoever verifies it must hear of it, or nothing may have changed for anybody.
//
// Owns:      choosing the bits, and judging what came of each.
// Always:    the seed of a run says which bits; a failure names file, byte and bit.

import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { exportLines, openLog, verifyLog } from '../../../eventlog/index.ts'
import { seeded } from '../../support/seeded.ts'
import { copyFolder, type SoundLog } from './sound-log.ts'

export type Flips = {
  /** Named by verification. */
  readonly named: number
  /** Not named, and every line and append id is as it was: bytes that nobody reads. */
  readonly harmless: number
  /** What went unnoticed and should not have. */
  readonly undetected: readonly string[]
  /** Bits by the kind of file. */
  readonly byFile: Readonly<Record<string, number>>
}

export async function flipBits(
  sound: SoundLog,
  scratch: string,
  options: { readonly flips: number; readonly seed: number; readonly onFlip?: (done: number) => void },
): Promise<Flips> {
  const random = seeded(options.seed)
  const dir = await copyFolder(sound.dir, join(scratch, 'flipped'))
  const files = await filesOf(dir)
  const places = await placesOf(sound.dir, scratch, sound.ids)
  let named = 0
  let harmless = 0
  const undetected: string[] = []
  const byFile: Record<string, number> = {}
  for (let n = 1; n <= options.flips; n += 1) {
    // Each file as often as any other: most of a log lies in one or two of them.
    const path = files[Math.floor(random() * files.length)] ?? ''
    const bytes = await readFile(path)
    const at = Math.floor(random() * bytes.length)
    const bit = Math.floor(random() * 8)
    const flipped = Buffer.from(bytes)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
    await writeFile(path, flipped)
    const kind = basename(path).replace(/^[\d-]+|-\d+$/g, '')
    byFile[kind] = (byFile[kind] ?? 0) + 1
    const where = `bit ${bit} of byte ${at} of ${path.slice(dir.length + 1)}`
    if (!(await verifyLog(dir)).ok) named += 1
    else {
      // Opening rewrites, so it gets a copy of its own.
      const difference = await differenceOf(await copyFolder(dir, join(scratch, 'opened')), sound, places)
      if (difference === undefined) harmless += 1
      else undetected.push(`${where}: ${difference}`)
    }
    await writeFile(path, bytes)
    options.onFlip?.(n)
  }
  await rm(dir, { recursive: true })
  return { named, harmless, undetected, byFile }
}

/** LOG is LevelDB's diary and LOCK is empty: neither holds anything of the log. */
async function filesOf(dir: string): Promise<string[]> {
  const files: string[] = []
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !/^LO(G|CK)/.test(entry.name) && (await stat(path)).size > 0) files.push(path)
  }
  return files.sort()
}

async function differenceOf(
  dir: string,
  sound: SoundLog,
  places: readonly string[],
): Promise<string | undefined> {
  try {
    const log = await openLog(dir, { autoSeal: false })
    try {
      let n = 0
      for await (const line of exportLines(log)) {
        if (line !== sound.lines[n]) return `entry ${n + 1} is another one`
        n += 1
      }
      if (n !== sound.lines.length) return `it ends at ${n}`
      for (const place of places) {
        const [id, first] = place.split(' ')
        if ((await log.find(id ?? ''))?.first !== Number(first)) return `the append ${id} is not found`
      }
      return undefined
    } finally {
      await log.close()
    }
  } catch (error) {
    // Refused: that is to hear of it, though verification did not.
    return error instanceof Error && 'code' in error ? undefined : String(error)
  }
}

async function placesOf(dir: string, scratch: string, ids: readonly string[]): Promise<string[]> {
  const log = await openLog(await copyFolder(dir, join(scratch, 'opened')), { autoSeal: false })
  const places: string[] = []
  for (const id of ids) places.push(`${id} ${(await log.find(id))?.first}`)
  await log.close()
  return places
}
