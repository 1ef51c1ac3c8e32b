// The log of a live town, handed out to a thread that asks for it.
//
// Owns:      how much is handed out at once.
// Does not:  take anything apart (reader.ts does, in the thread), or hand out what nobody asked for: a thread that is
//            behind asks later, and nothing piles up.

import type { Worker } from 'node:worker_threads'
import type { EventLog, Piece, PieceOptions } from '../../../eventlog/index.ts'
import { failed, type LogAnswer, type LogQuestion } from './protocol.ts'

/** Bytes of pieces handed out at once, about. */
const BYTES_MAX = 256 * 1024

/** Answers a thread, also when there is no such piece. Never rejects. */
export async function handOut(
  log: Pick<EventLog, 'pieces' | 'stats'>,
  to: Worker,
  question: LogQuestion,
): Promise<void> {
  const { n } = question
  try {
    if (question.kind === 'stats')
      to.postMessage({ kind: 'stats', n, stats: await log.stats() } satisfies LogAnswer)
    else {
      const some = await batchOf(log, question.range)
      const buffers = some.pieces.map(({ bytes }) => bytes.buffer)
      to.postMessage({ kind: 'pieces', n, ...some } satisfies LogAnswer, buffers)
    }
  } catch (error) {
    to.postMessage({ kind: 'logFailed', n, error: failed(error) } satisfies LogAnswer)
  }
}

async function batchOf(log: Pick<EventLog, 'pieces'>, range: PieceOptions) {
  const pieces: Piece[] = []
  let size = 0
  for await (const piece of log.pieces(range)) {
    pieces.push(piece)
    size += piece.bytes.length
    if (size >= BYTES_MAX) return { pieces, last: false }
  }
  return { pieces, last: true }
}
