// What Claude Code's transcript says about tokens and prompts.
//
// Tokens come from `assistant` rows. One answer is written as one row for each block of it, and each row repeats the
// usage of the whole, so that an answer is counted by its id, once.
// Money is left to the price table: the rows have none, and the running totals in `cost-state` rows start again
// with each process and hold other conversations' subagents too.

import type { Usage } from '../../events/hearing.ts'
import type { TranscriptReading } from '../../ports/presets.ts'
import { asCount, asList, asObject, asText, type Json, parsed } from './hook-input.ts'

/** Rows of one answer stand close together; this many ids back is far enough. */
const IDS_KEPT = 200

export function readClaudeTranscript(piece: string, carry: unknown): TranscriptReading {
  const seen = new Set(asList(asObject(carry).seen).map(String))
  const byModel = new Map<string, Usage>()
  const prompts: string[] = []
  for (const line of piece.split('\n')) {
    if (line === '') continue
    const row = asObject(parsed(line))
    if (row.type === 'assistant') count(row, seen, byModel)
    else if (row.type === 'user') prompts.push(...promptOf(row))
  }
  return { usage: [...byModel.values()], prompts, carry: { seen: [...seen].slice(-IDS_KEPT) } }
}

function count(row: Json, seen: Set<string>, byModel: Map<string, Usage>): void {
  const message = asObject(row.message)
  const id = asText(message.id)
  const model = asText(message.model)
  // An error is written as an answer of nobody.
  if (id === null || model === null || model === '<synthetic>' || seen.has(id)) return
  seen.add(id)
  const usage = asObject(message.usage)
  const so = byModel.get(model)
  byModel.set(model, {
    model,
    input: (so?.input ?? 0) + asCount(usage.input_tokens),
    output: (so?.output ?? 0) + asCount(usage.output_tokens),
    cacheRead: (so?.cacheRead ?? 0) + asCount(usage.cache_read_input_tokens),
    cacheWrite: (so?.cacheWrite ?? 0) + asCount(usage.cache_creation_input_tokens),
    costUsd: null,
    requests: (so?.requests ?? 0) + 1,
  })
}

/** A row of a person's, or of ours; results of tools and what the program adds by itself are none. */
function promptOf(row: Json): string[] {
  if (row.isMeta === true || row.isSidechain === true || row.isCompactSummary === true) return []
  const { content } = asObject(row.message)
  if (typeof content === 'string') return [content]
  return asList(content)
    .map(asObject)
    .filter((block) => block.type === 'text')
    .flatMap((block) => asText(block.text) ?? [])
}
