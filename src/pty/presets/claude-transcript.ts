// What Claude Code's transcript says about tokens and prompts.
//
// `assistant` rows say at once what an answer took: one row for each block of it, and each repeats the usage of the
// whole, so that an answer is counted by its id, once. Subagents write files of their own, in the folder that
// `claudeSubagents` names; summaries of a compaction are written nowhere.
// A `cost-state` row says what the conversation took in all, with those; it is written only when the program ends in
// good order, so that it serves to count what the rows left out, and nothing is counted twice.
//
// Money is left to the price table: rows have none, and a program that is killed writes no cost-state.

import type { TranscriptReading, UsageRead } from '../../ports/presets.ts'
import { asCount, asList, asObject, asText, type Json, parsed } from './hook-input.ts'

/** Rows of one answer stand close together; this many ids back is far enough. */
const IDS_KEPT = 200

/** Input, output, read from the cache, written to it; of the last, what is kept for an hour. */
type Counts = readonly [number, number, number, number, number]

type Carry = {
  /** Ids of answers counted. */
  readonly seen: readonly string[]
  /** Counted so far, by model. */
  readonly counted: Readonly<Record<string, Counts>>
  /** Whether it was read from its first row on: else a total says nothing about what is missing. */
  readonly whole: boolean
}

/** Further transcripts (`*.jsonl`) of the same conversation: read them before it, with the same carry. */
export const claudeSubagents = (transcript: string): string => transcript.replace(/\.jsonl$/, '/subagents')

export function readClaudeTranscript(piece: string, carry: unknown): TranscriptReading {
  const ledger = new Ledger(carry)
  const prompts: string[] = []
  for (const line of piece.split('\n')) {
    // Most of a transcript is rows of other kinds, some of them long.
    if (!/"type":"(assistant|user|attachment|cost-state)"/.test(line)) continue
    const row = asObject(parsed(line))
    if (row.type === 'assistant') ledger.answer(asObject(row.message), isCopied(row))
    else if (row.type === 'cost-state') ledger.total(asObject(row.modelUsage))
    else {
      if (row.type === 'user' && row.parentUuid === null) ledger.begins()
      const prompt = promptOf(row)
      if (prompt !== null) prompts.push(prompt)
    }
  }
  return { usage: ledger.usage(), prompts, carry: ledger.carry() }
}

class Ledger {
  readonly #seen: Set<string>
  readonly #counted: Map<string, Counts>
  readonly #new = new Map<string, { counts: Counts; requests: number }>()
  #fresh: boolean
  #whole: boolean

  constructor(carry: unknown) {
    const { seen, counted, whole } = asObject(carry) as Partial<Carry>
    this.#fresh = carry === null || carry === undefined
    this.#seen = new Set(seen)
    this.#counted = new Map(Object.entries(counted ?? {}))
    this.#whole = whole ?? false
  }

  begins(): void {
    this.#whole ||= this.#fresh
    this.#fresh = false
  }

  answer({ id, model, usage }: Json, copied: boolean): void {
    const answer = asText(id)
    const name = asText(model)
    // An error is written as an answer of nobody.
    if (answer === null || name === null || name === '<synthetic>' || this.#seen.has(answer)) return
    this.#seen.add(answer)
    const said = asObject(usage)
    const counts: Counts = [
      asCount(said.input_tokens),
      asCount(said.output_tokens),
      asCount(said.cache_read_input_tokens),
      asCount(said.cache_creation_input_tokens),
      asCount(asObject(said.cache_creation).ephemeral_1h_input_tokens),
    ]
    if (!copied && counts.some((count) => count > 0)) this.#add(name, counts, 1)
    // The tokens of the conversation that this one is a fork of are in its totals too.
    else this.#whole = false
  }

  total(byModel: Json): void {
    if (!this.#whole) return
    for (const [name, said] of Object.entries(byModel)) {
      const { inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens } = asObject(said)
      const all = [inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens].map(asCount)
      const so = this.#counted.get(name) ?? NOTHING
      const left = so.map((count, at) => Math.max(0, (all[at] ?? 0) - count)) as unknown as Counts
      if (left.some((count) => count > 0)) this.#add(name, left, 0)
    }
  }

  #add(name: string, counts: Counts, requests: number): void {
    const fresh = this.#new.get(name) ?? { counts: NOTHING, requests: 0 }
    this.#new.set(name, { counts: sum(fresh.counts, counts), requests: fresh.requests + requests })
    this.#counted.set(name, sum(this.#counted.get(name) ?? NOTHING, counts))
  }

  usage(): UsageRead[] {
    return [...this.#new].map(([model, { counts, requests }]) => {
      const [input, output, cacheRead, cacheWrite, hour] = counts
      const kept = hour > 0 ? { cacheWriteHour: hour } : {}
      return { model, input, output, cacheRead, cacheWrite, ...kept, costUsd: null, requests }
    })
  }

  carry(): Carry {
    return {
      seen: [...this.#seen].slice(-IDS_KEPT),
      counted: Object.fromEntries(this.#counted),
      whole: this.#whole,
    }
  }
}

const NOTHING: Counts = [0, 0, 0, 0, 0]
const sum = (a: Counts, b: Counts): Counts => a.map((count, at) => count + (b[at] ?? 0)) as unknown as Counts

/** Whether another conversation made it, of which this one is a fork. */
const isCopied = ({ session_id: madeBy, sessionId: own }: Json): boolean =>
  typeof madeBy === 'string' && typeof own === 'string' && madeBy !== own

/** A prompt that was typed or handed over; what the program adds by itself has another origin. */
function promptOf(row: Json): string | null {
  if (row.type === 'attachment') {
    // Typed while it worked, and taken up within the turn.
    const { type, prompt, origin } = asObject(row.attachment)
    return type === 'queued_command' && asObject(origin).kind === 'human' ? asText(prompt) : null
  }
  if (row.isMeta === true || row.isSidechain === true || asObject(row.origin).kind !== 'human') return null
  const { content } = asObject(row.message)
  if (typeof content === 'string') return content
  const texts = asList(content)
    .map(asObject)
    .flatMap((block) => (block.type === 'text' ? (asText(block.text) ?? []) : []))
  return texts.length === 0 ? null : texts.join('\n')
}
