// A model on the loopback that speaks the Messages API, as Claude Code asks it.

import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Model, ModelRequest } from './model.ts'
import { type Dialect, json, type Spoken, serveModel } from './model-server.ts'
import { type Content, stream } from './model-stream.ts'

export const startMessagesModel = (): Promise<Model> => serveModel(dialect)

const dialect: Dialect<Body> = {
  asks: (method, path) => method === 'POST' && path === '/v1/messages',
  requestOf: (body, _path, headers) => requestOf(body, headers),
  fail(response, { fail: { status, code, message }, headers = {} }) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    json(response, status, { type: 'error', error: { type: code, message } })
  },
  answer,
}

async function answer(response: ServerResponse, body: Body, said: Spoken): Promise<void> {
  const ends = said.cut ? 'cut' : 'run' in said || 'tool' in said ? 'tool_use' : 'end_turn'
  await stream(response, body.model ?? '', contentOf(said), { ...said, ends })
}

function contentOf(said: Spoken): Content[] {
  const content: Content[] = said.say === undefined ? [] : [{ text: said.say }]
  if ('run' in said)
    content.push({ tool: 'Bash', input: { command: said.run, description: 'Do what the test says' } })
  if ('tool' in said) content.push({ tool: said.tool, input: said.input })
  return content
}

type Block = { readonly type?: string; readonly text?: string; readonly content?: unknown }
type Message = { readonly role?: string; readonly content?: string | readonly Block[] }
type Body = {
  readonly model?: string
  readonly messages?: readonly Message[]
  readonly tools?: readonly { readonly name?: string }[]
}

function requestOf(body: Body, headers: IncomingHttpHeaders): Omit<ModelRequest, 'at' | 'aborted'> {
  const users = (body.messages ?? []).filter(({ role }) => role === 'user').map(blocksOf)
  const last = users.at(-1) ?? []
  const prompt = (users.findLast((blocks) => textOf(blocks) !== '') ?? []) as readonly Block[]
  const result = last.findLast((block) => block.type === 'tool_result')
  const tools = (body.tools ?? []).map((tool) => tool.name ?? '')
  return {
    kind: kindOf(tools, textOf(last), headers['x-claude-code-agent-id'] !== undefined),
    session: String(headers['x-claude-code-session-id'] ?? ''),
    model: body.model ?? '',
    prompt: textOf(prompt),
    text: JSON.stringify(body),
    toolOutput: result === undefined ? null : outputOf(result.content),
    tools,
  }
}

function kindOf(tools: readonly string[], prompt: string, subagent: boolean): ModelRequest['kind'] {
  if (prompt.startsWith('CRITICAL: Respond with TEXT ONLY')) return 'summary'
  if (subagent) return 'subagent'
  return tools.includes('Bash') ? 'conversation' : 'title'
}

const blocksOf = ({ content }: Message): readonly Block[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])

/** The words of a person, without the reminders that the runtime puts beside them. */
const textOf = (blocks: readonly Block[]): string =>
  blocks
    .filter(({ type, text }) => type === 'text' && !(text ?? '').startsWith('<system-reminder>'))
    .map(({ text }) => MID_TURN.exec(text ?? '')?.[1] ?? text ?? '')
    .join('\n')

/** What is typed while the runtime works comes wrapped. */
const MID_TURN = /^The user sent a new message while you were working:\n([\s\S]*)\n\nThis is how [^\n]*$/

const outputOf = (content: unknown): string =>
  typeof content === 'string'
    ? content
    : Array.isArray(content)
      ? content.map((part: Block) => part.text ?? '').join('\n')
      : ''
