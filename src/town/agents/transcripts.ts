// What the agents at work have used, read from the transcripts that their runtimes write.
//
// Owns:      how far each transcript has been read in this life of the process: a cache over the session's own marks.
// Does not:  know a runtime's words (its preset does) or prices (src/town/prices does).
// Crosses:   whole lines in, one at a time, for each is a request of its own; `session.used` out, from one mark to the
//            next. Nothing is read without cause: a turn's end, activity, a compaction, the end of the session.
//            A conversation has its own transcript and those of its subagents; each has a mark.
// Always:    nothing is counted twice: a mark that is not the session's is refused, and what comes before the mark is
//            read again without counting, once after a restart, for what the preset carries from line to line. The
//            subagents' are read first, and the conversation's as far as it went before that: totals that stand in it
//            hold nothing that is yet to be read.

import { join } from 'node:path'
import { agentOf, ownerKind } from '../../events/address.ts'
import type { Usage } from '../../events/hearing.ts'
import type { Address, LogRecord } from '../../events/record.ts'
import type { Preset, Presets, UsageRead } from '../../ports/presets.ts'
import type { System } from '../../system/types.ts'
import type { TownPrices } from '../prices/prices.ts'
import { eachPiece, namesIn, sizeOf } from './whole-lines.ts'

/** Usages in one message; more models than that have no session. */
const USAGES_MAX = 50
/** How long the end of a session waits for its last lines, ms: on a machine that has much to do, too. */
const FINISH_MS = 8_000

export interface Transcripts {
  /** Is shown every record, and reads when one says that there is more. */
  record(record: LogRecord): void
  /** Reads what is left of a session that is about to end. Never fails, and takes no longer than 8 s. */
  finish(session: Address): Promise<void>
  /** Resolves when nothing is being read. */
  idle(): Promise<void>
}

/** A runtime may say that a turn is over before it has written the turn's last lines: it is looked again after these, ms. */
const LATE_LINES_MS = [500, 3_000]

const SAYS_MORE: ReadonlySet<string> = new Set(['TurnEnded', 'AgentActive', 'ContextCompacted'])

/** One file. `source`: its name when it is a subagent's, undefined for the conversation's own. */
type Source = {
  readonly source: string | undefined
  readonly path: string
  /** Bytes read; ends after a whole line. */
  offset: number
  /** False until what comes before `offset` has been read for what it carries. */
  primed: boolean
}
type Reader = {
  readonly own: Source
  readonly more: Map<string, Source>
  readonly preset: Preset
  carry: unknown
}
/** The names that subagents' transcripts have; a mark is kept by it. */
const MORE_NAME = /^[\w.-]{1,150}\.jsonl$/
type Reading = { again: boolean; readonly done: Promise<void> }

export function createTranscripts(options: {
  readonly system: System
  /** All sessions that an agent has had. */
  readonly sessionsOf: (agent: Address) => Iterable<Address>
  readonly presets: Presets
  readonly prices: TownPrices
  readonly onTrouble: (code: string, message: string) => void
}): Transcripts {
  const { system, sessionsOf, presets, prices, onTrouble } = options
  const readers = new Map<Address, Reader>()
  const reading = new Map<Address, Reading>()
  const troubled = new Set<Address>()
  const looksAgain = new Map<Address, readonly NodeJS.Timeout[]>()

  function lookAgain(session: Address): void {
    forget(session)
    const later = LATE_LINES_MS.map((ms) => setTimeout(() => void read(session), ms).unref())
    looksAgain.set(session, later)
  }
  function forget(session: Address): void {
    for (const timer of looksAgain.get(session) ?? []) clearTimeout(timer)
    looksAgain.delete(session)
  }

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
    const size = await sizeOf(reader.own.path)
    await findMore(session, reader)
    const sources = [...reader.more.values(), reader.own]
    for (const each of sources) if (!each.primed) await prime(reader, each)
    for (const each of sources)
      if (!(await readSource(session, reader, each, each === reader.own ? size : Number.POSITIVE_INFINITY)))
        return
  }

  /** False when somebody else counted meanwhile, or nobody counts any more. */
  async function readSource(session: Address, reader: Reader, of: Source, to: number): Promise<boolean> {
    let goesOn = true
    await eachPiece(of.path, of.offset, to, async (lines, upTo) => {
      const used = new Map<string, Usage>()
      for (const line of lines) {
        const found = reader.preset.readTranscript(`${line}\n`, reader.carry)
        reader.carry = found.carry
        for (const usage of found.usage) add(used, priced(usage))
      }
      of.offset = upTo
      goesOn = used.size === 0 || (await tell(session, of, upTo, [...used.values()].slice(0, USAGES_MAX)))
      return goesOn
    })
    return goesOn
  }

  function priced({ cacheWriteHour = 0, ...usage }: UsageRead): Usage {
    const costUsd = usage.costUsd ?? prices.of({ ...usage, cacheWriteHour })
    // One at least: what has no price is known by its requests.
    return { ...usage, costUsd, requests: Math.max(1, usage.requests) }
  }

  async function tell(session: Address, of: Source, upTo: number, usage: Usage[]): Promise<boolean> {
    const { source } = of
    const from = markOf(session, source)
    if (from === null) return false
    const result = await system.take({
      id: `used.${session}.${source === undefined ? '' : `${source}.`}${from}.${upTo}`,
      by: 'host',
      messages: [
        {
          to: session,
          message: {
            type: 'session.used',
            ...(source === undefined ? {} : { source }),
            from,
            upTo: String(upTo),
            usage,
          },
        },
      ],
    })
    if (!result.accepted) readers.delete(session)
    return result.accepted
  }

  function markOf(session: Address, source: string | undefined): string | null {
    const owner = system.owner(session)
    return owner === null || owner.value === 'ended' ? null : String(owner.context[keyOf(source)] ?? '0')
  }

  function readerOf(session: Address): Reader | null {
    const owner = system.owner(session)
    const { transcript, runtime } = owner?.context ?? {}
    if (typeof transcript !== 'string' || typeof runtime !== 'string') return null
    const known = readers.get(session)
    if (known !== undefined && known.own.path === transcript) return known
    const preset = presets.get(runtime)
    const own = preset === null ? null : sourceOf(session, transcript, undefined, transcript)
    if (preset === null || own === null) return null
    const reader: Reader = { own, more: new Map(), preset, carry: null }
    readers.set(session, reader)
    return reader
  }

  /** Subagents come while it goes on. */
  async function findMore(session: Address, { own, more, preset }: Reader): Promise<void> {
    const folder = preset.moreTranscripts?.(own.path)
    if (folder === undefined) return
    for (const name of await namesIn(folder)) {
      if (more.has(name) || !MORE_NAME.test(name)) continue
      const found = sourceOf(session, own.path, name, join(folder, name))
      if (found !== null) more.set(name, found)
    }
  }

  function sourceOf(
    session: Address,
    transcript: string,
    source: string | undefined,
    path: string,
  ): Source | null {
    const mark = markOf(session, source)
    if (mark === null) return null
    const offset = Math.max(Number(mark) || 0, countedBefore(session, transcript, source))
    return { source, path, offset, primed: offset === 0 }
  }

  /** A conversation that was gone on with is written to the files that the session before it has counted already. */
  function countedBefore(session: Address, transcript: string, source: string | undefined): number {
    let most = 0
    for (const address of sessionsOf(agentOf(session) ?? '')) {
      const context = system.owner(address)?.context
      if (address === session || context?.transcript !== transcript) continue
      most = Math.max(most, Number(context[keyOf(source)]) || 0)
    }
    return most
  }

  return {
    record({ actor, facts }) {
      if (ownerKind(actor) !== 'session') return
      for (const { type } of facts) {
        if (SAYS_MORE.has(type)) void read(actor)
        if (type === 'TurnEnded') lookAgain(actor)
        if (type === 'SessionEnded') {
          forget(actor)
          readers.delete(actor)
          troubled.delete(actor)
        }
      }
    },
    async finish(session) {
      const late = new AbortController()
      const timer = setTimeout(() => {
        onTrouble(
          'USAGE_NOT_READ',
          `${session} ends, and its transcript could not be read within ${FINISH_MS / 1_000} s: what it used last is not counted.`,
        )
        late.abort()
      }, FINISH_MS)
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
async function prime(reader: Reader, of: Source): Promise<void> {
  const { preset } = reader
  await eachPiece(of.path, 0, of.offset, async (lines) => {
    for (const line of lines) reader.carry = preset.readTranscript(`${line}\n`, reader.carry).carry
    return true
  })
  of.primed = true
}

/** Where a session keeps the mark of a transcript. */
const keyOf = (source: string | undefined): string =>
  source === undefined ? 'usedUpTo' : `usedUpTo/${source}`

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
