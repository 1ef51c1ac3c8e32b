// One answer of the Messages API as server-sent events.

import type { ServerResponse } from 'node:http'

export type Content = { readonly text: string } | { readonly tool: string; readonly input: object }

export type Tokens = {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

export const TOKENS: Tokens = { input: 11, output: 42, cacheRead: 5_000, cacheWrite: 700 }

type How = {
  /** `cut`: the connection ends in mid-answer. */
  readonly ends: 'end_turn' | 'tool_use' | 'cut'
  readonly usage?: Partial<Tokens>
  readonly headers?: Readonly<Record<string, string>>
  readonly pieces?: number
  readonly pieceMs?: number
}

let made = 0
const newId = (kind: string) => `${kind}_01${(++made).toString(36).padStart(22, '0')}`

export async function stream(
  response: ServerResponse,
  model: string,
  content: readonly Content[],
  how: How,
): Promise<void> {
  const event = (type: string, fields: object = {}) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`)
  const usage = usageOf({ ...TOKENS, ...how.usage })
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'request-id': newId('req'),
    ...how.headers,
  })
  event('message_start', {
    message: {
      id: newId('msg'),
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...usage, output_tokens: 1 },
    },
  })
  for (const [index, block] of content.entries()) {
    if ('text' in block) {
      event('content_block_start', { index, content_block: { type: 'text', text: '' } })
      for (const text of piecesOf(block.text, how.pieces ?? 1)) {
        event('content_block_delta', { index, delta: { type: 'text_delta', text } })
        if (how.pieceMs !== undefined) await new Promise((resolve) => setTimeout(resolve, how.pieceMs))
        if (response.destroyed) return
      }
    } else {
      const tool = { type: 'tool_use', id: newId('toolu'), name: block.tool, input: {} }
      event('content_block_start', { index, content_block: tool })
      const partial_json = JSON.stringify(block.input)
      event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json } })
    }
    if (how.ends === 'cut') break
    event('content_block_stop', { index })
  }
  if (how.ends === 'cut') {
    // What was written so far is to arrive.
    setImmediate(() => response.destroy())
    return
  }
  event('message_delta', { delta: { stop_reason: how.ends, stop_sequence: null }, usage })
  event('message_stop')
  response.end()
}

const usageOf = ({ input, output, cacheRead, cacheWrite }: Tokens) => ({
  input_tokens: input,
  output_tokens: output,
  cache_read_input_tokens: cacheRead,
  cache_creation_input_tokens: cacheWrite,
  service_tier: 'standard',
})

function piecesOf(text: string, pieces: number): string[] {
  const size = Math.max(1, Math.ceil(text.length / pieces))
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
    text.slice(at * size, (at + 1) * size),
  )
}
