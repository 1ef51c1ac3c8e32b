// How far a command is, told while it runs: lines of JSON, the last of them the answer.
//
// Always:    whoever asks with `Accept: application/x-ndjson` gets an answer of lines once something was told of how far
//            it is; one that is done or refused before that is answered as any other.

import type { FastifyReply } from 'fastify'
import { type Problem, problemOf } from './fault.ts'

export const NDJSON = 'application/x-ndjson'

/** The last line has `result` or `problem`; the lines before have `progress`. */
export type ProgressLine =
  | { readonly progress: object }
  | { readonly result: unknown }
  | { readonly problem: Problem }

export function createProgress(reply: FastifyReply): {
  say(progress: object): void
  /** The answer for the server: nothing, when it was written as the last line. */
  answer(running: Promise<unknown>): Promise<unknown>
} {
  let begun = false
  const write = (line: ProgressLine): void => {
    if (!begun) {
      begun = true
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': `${NDJSON}; charset=utf-8`, 'cache-control': 'no-store' })
    }
    reply.raw.write(`${JSON.stringify(line)}\n`)
  }
  return {
    say: (progress) => write({ progress }),
    async answer(running) {
      try {
        const result = await running
        if (!begun) return result
        write({ result })
      } catch (error) {
        if (!begun) throw error
        write({ problem: problemOf(error) })
      }
      reply.raw.end()
      return reply
    },
  }
}
