// What the agents at work have used, read from the transcripts that their runtimes write.
//
// Owns:      how far each transcript has been read in this life of the process: a cache over the session's own mark.
// Does not:  know a runtime's words (its preset does) or prices (src/town/prices does).
// Crosses:   whole lines in, one at a time, for each is a request of its own; `session.used` out, from one mark to the
//            next. Nothing is read without cause: a turn's end, activity, a compaction, the end of the session.
// Always:    nothing is counted twice: a mark that is not the session's is refused, and what comes before the mark is
//            read again without counting, once after a restart, for what the preset carries from line to line.

import { open } from 'node:fs/promises'
import { setImmediate as breath } from 'node:timers/promises'
import { ownerKind } from '../events/address.ts'
import type { Usage } from '../events/hearing.ts'
import type { Address, LogRecord } from '../events/record.ts'
import type { Preset, Presets } from '../ports/presets.ts'
import type { System } from '../system/types.ts'
import type { TownPrices } from './prices/prices.ts'

/** Read at a time, bytes. */
const PIECE_BYTES = 1024 * 1024
/** A line that is longer is passed over: nothing that tells of usage is. */
const LINE_BYTES_MAX = 32 * 1024 * 1024
/** Usages in one message; more models than that have no session. */
const USAGES_MAX = 50
/** How long the end of a session waits for its last lines, ms. */
const FINISH_MS = 2_000

export interface Transcripts {
  /** Is shown every record, and reads when one says that there is more. */
  record(record: LogRecord): void
  /** Reads what is left of a session that is about to end. Never fails, and takes no longer than 2 s. */
  finish(session: Address): Promise<void>
  /** Resolves when nothing is being read. */
  idle(): Promise<void>
}

const SAYS_MORE: ReadonlySet<string> = new Set(['TurnEnded', 'AgentActive', 'ContextCompacted'])

type Reader = {
  readonly path: string
  readonly preset: Preset
  /** Bytes read; ends after a whole line. */
  offset: number
  carry: unknown
  /** False until what comes before `offset` has been read for what it carries. */
  primed: boolean
}
type Reading = { again: boolean; readonly done: Promise<void> }

export function createTranscripts(options: {
  readonly system: System
  readonly presets: Presets
  readonly prices: TownPrices
  readonly onTrouble: (code: string, message: string) => void
}): Transcripts {
  const { system, presets, prices, onTrouble } = options
  const readers = new Map<Address, Reader>()
  const reading = new Map<Address, Reading>()
  const troubled = new Set<Address>()

  /** One reading of a session at a time; what is asked for meanwhile is read after it. */
  function read(session: Address): Promise<void> {
    const under = reading.get(session)
    if (under !== undefined) {
      under.again = true
      return under.done
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const state: Reading = { again: false, done: promise }
    reading.set(session, state)
    const go = async (): Promise<void> => {
      do {
        state.again = false
        await readOnce(session)
      } while (state.again)
    }
    go()
      .catch((error: unknown) => {
        // A file that cannot be read says the same each time.
        if (!troubled.has(session)) onTrouble('USAGE_NOT_READ', `${session}: ${String(error)}`)
        troubled.add(session)
      })
      .finally(() => {
        reading.delete(session)
        resolve()
      })
    return promise
  }

  async function readOnce(session: Address): Promise<void> {
    const reader = readerOf(session)
    if (reader === null) return
    prices.refresh()
    if (!reader.primed) await prime(reader)
    await eachPiece(reader.path, reader.offset, Number.POSITIVE_INFINITY, async (lines, upTo) => {
      const used = new Map<string, Usage>()
      for (const line of lines) {
        const found = reader.preset.readTranscript(`${line}\n`, reader.carry)
        reader.carry = found.carry
        for (const usage of found.usage) add(used, { ...usage, costUsd: usage.costUsd ?? prices.of(usage) })
      }
      reader.offset = upTo
      return used.size === 0 || (await tell(session, upTo, [...used.values()].slice(0, USAGES_MAX)))
    })
  }

  /** False when somebody else counted meanwhile, or nobody counts any more. */
  async function tell(session: Address, upTo: number, usage: Usage[]): Promise<boolean> {
    const from = markOf(session)
    if (from === null) return false
    const result = await system.take({
      id: `used.${session}.${from}.${upTo}`,
      by: 'host',
      messages: [{ to: session, message: { type: 'session.used', from, upTo: String(upTo), usage } }],
    })
    if (!result.accepted) readers.delete(session)
    return result.accepted
  }

  function markOf(session: Address): string | null {
    const owner = system.owner(session)
    return owner === null || owner.value === 'ended' ? null : String(owner.context.usedUpTo ?? '0')
  }

  function readerOf(session: Address): Reader | null {
    const owner = system.owner(session)
    const mark = markOf(session)
    const { transcript, runtime } = owner?.context ?? {}
    if (mark === null || typeof transcript !== 'string' || typeof runtime !== 'string') return null
    const known = readers.get(session)
    if (known !== undefined && known.path === transcript) return known
    const preset = presets.get(runtime)
    if (preset === null) return null
    const offset = Math.max(Number(mark) || 0, countedBefore(session, transcript))
    const reader: Reader = { path: transcript, preset, offset, carry: null, primed: offset === 0 }
    readers.set(session, reader)
    return reader
  }

  /** A conversation that was gone on with is written to the file that the session before it has counted already. */
  function countedBefore(session: Address, path: string): number {
    let most = 0
    for (const [address, { context }] of system.owners()) {
      if (ownerKind(address) !== 'session' || address === session || context.transcript !== path) continue
      most = Math.max(most, Number(context.usedUpTo) || 0)
    }
    return most
  }

  return {
    record({ actor, facts }) {
      if (ownerKind(actor) !== 'session') return
      for (const { type } of facts) {
        if (SAYS_MORE.has(type)) void read(actor)
        if (type === 'SessionEnded') {
          readers.delete(actor)
          troubled.delete(actor)
        }
      }
    },
    async finish(session) {
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(), FINISH_MS)
      const waited = new Promise<void>((resolve) => late.signal.addEventListener('abort', () => resolve()))
      await Promise.race([read(session), waited])
      clearTimeout(timer)
    },
    async idle() {
      while (reading.size > 0) await Promise.all([...reading.values()].map(({ done }) => done))
    },
  }
}

/** Reads what comes before the offset for what it carries. Where a line was passed over, so it is now. */
async function prime(reader: Reader): Promise<void> {
  const { preset, path, offset } = reader
  await eachPiece(path, 0, offset, async (lines) => {
    for (const line of lines) reader.carry = preset.readTranscript(`${line}\n`, reader.carry).carry
    return true
  })
  reader.primed = true
}

/**
 * Hands over the whole lines between two offsets, those of one piece at a time, with the offset after the last; stops
 * when it is answered with false. No file, or a shorter one, has no lines.
 */
async function eachPiece(
  path: string,
  from: number,
  to: number,
  take: (lines: string[], upTo: number) => Promise<boolean>,
): Promise<void> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
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

/** Sums by model; requests whose price is known beside those whose is not. */
function add(used: Map<string, Usage>, usage: Usage): void {
  const key = `${usage.costUsd === null} ${usage.model}`
  const so = used.get(key)
  if (so === undefined) {
    used.set(key, usage)
    return
  }
  used.set(key, {
    model: usage.model,
    input: so.input + usage.input,
    output: so.output + usage.output,
    cacheRead: so.cacheRead + usage.cacheRead,
    cacheWrite: so.cacheWrite + usage.cacheWrite,
    costUsd: so.costUsd === null || usage.costUsd === null ? null : nano(so.costUsd + usage.costUsd),
    requests: so.requests + usage.requests,
  })
}

const nano = (usd: number): number => Math.round(usd * 1e9) / 1e9
