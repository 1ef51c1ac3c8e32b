// Usage and prompts from a rollout file of Codex CLI.
//
// Always: a row of usage is written again when nothing was used since (a compaction, an interrupt): what counts is the
//         last request of a row whose total is another one. A fork goes on from the total of its original.

import type { Usage } from '../../events/hearing.ts'
import type { TranscriptReading } from '../../ports/presets.ts'
import { asCount, asLine, asList, asObject, asText, type Json, parsed } from './hook-input.ts'

type Carry = { readonly model: string; readonly total: string }

export function readCodexTranscript(piece: string, carry: unknown): TranscriptReading {
  const before = asObject(carry)
  let { model, total }: Carry = {
    model: asText(before.model) ?? 'unknown',
    total: asText(before.total) ?? '',
  }
  const byModel = new Map<string, Usage>()
  const prompts: string[] = []
  for (const line of piece.split('\n')) {
    if (line === '') continue
    const row = asObject(parsed(line))
    const payload = asObject(row.payload)
    if (row.type === 'turn_context') model = asText(payload.model) ?? model
    else if (payload.type === 'token_count') {
      const info = asObject(payload.info)
      const now = info.total_token_usage === undefined ? total : JSON.stringify(info.total_token_usage)
      if (now !== total) count(model, asObject(info.last_token_usage), byModel)
      total = now
    } else if (row.type === 'response_item' && payload.role === 'user') prompts.push(...promptOf(payload))
  }
  return { usage: [...byModel.values()], prompts, carry: { model, total } satisfies Carry }
}

/** Its input contains what was read from the cache and written to it; ours does not. */
function count(model: string, last: Json, byModel: Map<string, Usage>): void {
  const so = byModel.get(model)
  const cacheRead = asCount(last.cached_input_tokens)
  const cacheWrite = asCount(last.cache_write_input_tokens)
  byModel.set(model, {
    model,
    input: (so?.input ?? 0) + Math.max(0, asCount(last.input_tokens) - cacheRead - cacheWrite),
    output: (so?.output ?? 0) + asCount(last.output_tokens),
    cacheRead: (so?.cacheRead ?? 0) + cacheRead,
    cacheWrite: (so?.cacheWrite ?? 0) + cacheWrite,
    costUsd: null,
    requests: (so?.requests ?? 0) + 1,
  })
}

/** What the program tells the model by itself has the user's role too, and says so, or stands in angle brackets. */
function promptOf(payload: Json): string[] {
  const kinds = asObject(payload.internal_chat_message_metadata_passthrough).content_item_kinds
  const texts = asList(payload.content).map((part) => asText(asObject(part).text) ?? '')
  return texts.filter((text, at) =>
    Array.isArray(kinds) ? asLine(kinds[at]) === 'user.text' : text !== '' && !text.startsWith('<'),
  )
}
