// Files that grow by lines, read while somebody else writes them. What is not there is empty.

import { open, readdir, stat } from 'node:fs/promises'
import { setImmediate as breath } from 'node:timers/promises'

/** Read at a time, bytes. */
const PIECE_BYTES = 1024 * 1024
/** A line that is longer is passed over: nothing that anybody looks for is. */
const LINE_BYTES_MAX = 32 * 1024 * 1024

/**
 * Hands over the whole lines between two offsets, those of one piece at a time, with the offset after the last; stops
 * when it is answered with false. No file, or a shorter one, has no lines.
 */
export async function eachPiece(
  path: string,
  from: number,
  to: number,
  take: (lines: string[], upTo: number) => Promise<boolean>,
): Promise<void> {
  const file = await open(path, 'r').catch(unlessAway)
  if (file === null) return
  try {
    let at = from
    let upTo = from
    let rest: Buffer = Buffer.alloc(0)
    while (at < to) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, to - at))
      const { bytesRead } = await file.read(piece, 0, piece.length, at)
      if (bytesRead === 0) return
      at += bytesRead
      const data = Buffer.concat([rest, piece.subarray(0, bytesRead)])
      const end = data.lastIndexOf(0x0a) + 1
      rest = data.subarray(end)
      if (rest.length > LINE_BYTES_MAX) rest = Buffer.alloc(0)
      if (end > 0) {
        upTo += end
        const lines = data
          .toString('utf8', 0, end)
          .split('\n')
          .filter((line) => line !== '')
        if (!(await take(lines, upTo))) return
      }
      // What is asked of the town meanwhile comes first.
      await breath()
    }
  } finally {
    await file.close()
  }
}

/** Bytes. */
export const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(unlessAway))?.size ?? 0

export const namesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(unlessAway)) ?? []

function unlessAway(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
