// A model on the loopback that speaks the Responses API, as Codex CLI asks it. Its `url` lacks `/v1`.

import type { ServerResponse } from 'node:http'
import type { Model } from './model.ts'
import { type Dialect, json, type Spoken, serveModel } from './model-server.ts'
import { TOKENS } from './model-stream.ts'

type Item = {
  readonly type?: string
  readonly role?: string
  readonly content?: unknown
  readonly output?: unknown
}
type Body = {
  readonly model?: string
  readonly input?: readonly Item[]
  readonly tools?: readonly { readonly name?: string }[]
}

/** A usage limit says when it is over: `fail.code` is `usage_limit_reached`, and this header has the seconds. */
export const RESETS_IN = 'x-resets-in-seconds'

const dialect: Dialect<Body> = {
  asks: (method, path) => method === 'POST' && path.endsWith('/responses'),
  other(path, response) {
    if (!path.endsWith('/models')) return false
    json(response, 200, { object: 'list', data: [], models: [] })
    return true
  },
  requestOf(body) {
    const input = body.input ?? []
    const users = input.filter(({ role }) => role === 'user').map(({ content }) => textOf(content))
    const result = input.at(-1)?.type === 'function_call_output' ? input.at(-1) : undefined
    const text = JSON.stringify(body)
    return {
      kind: kindOf(body, text),
      session: '',
      model: body.model ?? '',
      prompt: users.findLast((said) => !said.startsWith('<')) ?? '',
      text,
      toolOutput: result === undefined ? null : textOf(result.output),
      tools: (body.tools ?? []).map(({ name }) => name ?? ''),
    }
  },
  fail(response, { fail: { status, code, message }, headers }) {
    const resets = headers?.[RESETS_IN]
    json(response, status, {
      error: {
        type: code,
        code,
        message,
        ...(resets !== undefined && {
          plan_type: 'plus',
          resets_at: Math.floor(Date.now() / 1_000) + Number(resets),
        }),
      },
    })
  },
  answer,
}

export const startResponsesModel = (): Promise<Model> => serveModel(dialect)

/** A title is asked for beside the first turns, with next to no tools; a summary with the same tools as a turn. */
function kindOf({ tools = [] }: Body, text: string): 'conversation' | 'title' | 'summary' {
  if (tools.length < 3 && text.includes('single-line task title')) return 'title'
  return text.includes('CONTEXT CHECKPOINT COMPACTION') ? 'summary' : 'conversation'
}

let made = 0
const newId = (kind: string) => `${kind}_${(++made).toString(16).padStart(24, '0')}`

function answer(response: ServerResponse, body: Body, said: Spoken): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let sequence = 0
  const event = (type: string, fields: object) =>
    response.write(
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`,
    )
  const base = {
    id: newId('resp'),
    object: 'response',
    created_at: 1_800_000_000,
    model: body.model,
    output: [],
  }
  const items = itemsOf(said)
  event('response.created', { response: { ...base, status: 'in_progress' } })
  for (const [index, item] of items.entries()) {
    event('response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress' } })
    if ('content' in item)
      event('response.output_text.delta', {
        item_id: item.id,
        output_index: index,
        content_index: 0,
        delta: item.content[0]?.text,
      })
    if (said.cut) return void response.destroy()
    event('response.output_item.done', { output_index: index, item })
  }
  event('response.completed', {
    response: { ...base, status: 'completed', output: items, usage: usageOf(said) },
  })
  response.end()
}

function usageOf(said: Spoken): object {
  const { input, output, cacheRead, cacheWrite } = { ...TOKENS, ...('usage' in said ? said.usage : {}) }
  const all = input + cacheRead + cacheWrite
  return {
    input_tokens: all,
    input_tokens_details: { cached_tokens: cacheRead, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: all + output,
  }
}

const itemsOf = (said: Spoken) => [
  ...(said.say === undefined ? [] : [message(said.say)]),
  ...('run' in said ? [toolCall('exec_command', shell(said.run, said.escalate))] : []),
  ...('tool' in said ? [toolCall(said.tool, said.input)] : []),
]

const message = (text: string) => ({
  type: 'message',
  role: 'assistant',
  id: newId('msg'),
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
})

const shell = (cmd: string, escalate: string | undefined) => ({
  cmd,
  ...(escalate !== undefined && { sandbox_permissions: 'require_escalated', justification: escalate }),
})

const toolCall = (name: string, input: object) => ({
  type: 'function_call',
  id: newId('fc'),
  call_id: newId('call'),
  name,
  status: 'completed',
  arguments: JSON.stringify(input),
})

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: { text?: string }) => part.text ?? '').join('\n')
}
