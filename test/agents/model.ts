// A model on the loopback that speaks the Messages API and says what a test wrote down for it.
//
// Always: a request beside the conversation (a title, a summary, a subagent) takes no reply of the script; what a
//         runtime logs in with is recorded by its length only.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { type Content, stream, type Tokens } from './model-stream.ts'

export type { Tokens } from './model-stream.ts'

type Paced = {
  /** Before the first byte. */
  readonly afterMs?: number
  /** Between pieces of its text. */
  readonly pieceMs?: number
  readonly pieces?: number
  readonly usage?: Partial<Tokens>
  readonly headers?: Readonly<Record<string, string>>
}

export type ModelReply =
  | (Paced & { readonly say: string })
  /** One shell command, run by the runtime's own tool. `escalate` is for runtimes that ask about some commands only. */
  | (Paced & { readonly run: string; readonly escalate?: string; readonly say?: string })
  | (Paced & { readonly tool: string; readonly input: object; readonly say?: string })
  /** `code` is the API's type of error (`rate_limit_error`). */
  | {
      readonly fail: { readonly status: number; readonly code: string; readonly message: string }
      readonly headers?: Readonly<Record<string, string>>
      readonly afterMs?: number
    }
  /** The connection ends: before the answer, or after `say`. */
  | { readonly drop: true; readonly say?: string; readonly afterMs?: number }

export type ModelRequest = {
  readonly at: number
  readonly kind: 'conversation' | 'subagent' | 'summary' | 'title'
  /** The conversation as the runtime names it. */
  readonly session: string
  readonly model: string
  /** What the user said last, byte for byte; without what the runtime adds of its own. */
  readonly prompt: string
  /** All that the request carries, for looking up what a model was told. */
  readonly text: string
  /** What the last tool gave back, or null. */
  readonly toolOutput: string | null
  /** Names of the tools it may use. */
  readonly tools: readonly string[]
  /** Whether the runtime gave up on the answer. */
  aborted: boolean
}

export type Model = {
  /** For ANTHROPIC_BASE_URL. */
  readonly url: string
  /** Those of conversations; `all` has the others too. */
  readonly requests: readonly ModelRequest[]
  readonly all: readonly ModelRequest[]
  /** Replies to come, in order and to whoever asks; when there are none left, the model says `Done.` */
  script(replies: readonly ModelReply[]): void
  /** Answers conversations by what they say: for several agents at once. Null falls back to the script. */
  answer(how: (request: ModelRequest) => ModelReply | null): void
  /** How long a summary of the conversation takes, when the runtime compacts it. */
  slowSummary(ms: number): void
  /** The first request, of those to come and those that came, that is meant. @throws when none came in time. */
  asked(meant: (request: ModelRequest) => boolean, ms?: number): Promise<ModelRequest>
  close(): Promise<void>
}

export async function startModel(): Promise<Model> {
  const all: ModelRequest[] = []
  let waiting: (() => void)[] = []
  let replies: ModelReply[] = []
  let summaryMs = 0
  let answer: (request: ModelRequest) => ModelReply | null = () => null
  const server = createServer(async (incoming, response) => {
    const body = await bodyOf(incoming)
    const path = incoming.url?.split('?')[0]
    if (incoming.method !== 'POST' || path !== '/v1/messages' || body === null) return notHere(response)
    const request = requestOf(body, incoming)
    all.push(request)
    response.on('close', () => {
      request.aborted ||= !response.writableEnded
    })
    const told = waiting
    waiting = []
    for (const tell of told) tell()
    await reply(response, body, replyTo(request))
  })
  const replyTo = (request: ModelRequest): ModelReply => {
    if (request.kind === 'summary')
      return { say: '<summary>What was done so far.</summary>', afterMs: summaryMs }
    if (request.kind !== 'conversation') return { say: 'A title' }
    return answer(request) ?? replies.shift() ?? { say: 'Done.' }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return all.filter((request) => request.kind === 'conversation')
    },
    all,
    script: (more) => {
      replies = [...more]
    },
    answer: (how) => {
      answer = how
    },
    slowSummary: (ms) => {
      summaryMs = ms
    },
    async asked(meant, ms = 20_000) {
      const until = performance.now() + ms
      for (;;) {
        const found = all.find((request) => request.kind === 'conversation' && meant(request))
        if (found !== undefined) return found
        const left = until - performance.now()
        if (left <= 0) throw new Error(`The model was not asked that in ${ms} ms.`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          waiting.push(() => {
            clearTimeout(timer)
            resolve()
          })
        })
      }
    },
    close: () => closed(server),
  }
}

async function reply(response: ServerResponse, body: Body, said: ModelReply): Promise<void> {
  if (said.afterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, said.afterMs))
  if ('fail' in said) {
    const { status, code, message } = said.fail
    response.writeHead(status, { 'content-type': 'application/json', ...said.headers })
    response.end(JSON.stringify({ type: 'error', error: { type: code, message } }))
    return
  }
  if ('drop' in said && said.say === undefined) {
    response.destroy()
    return
  }
  const ends = 'drop' in said ? 'cut' : 'run' in said || 'tool' in said ? 'tool_use' : 'end_turn'
  await stream(response, body.model ?? '', contentOf(said), { ...said, ends })
}

function contentOf(said: Exclude<ModelReply, { fail: object }>): Content[] {
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

function requestOf(body: Body, { headers }: IncomingMessage): ModelRequest {
  const users = (body.messages ?? []).filter(({ role }) => role === 'user').map(blocksOf)
  const last = users.at(-1) ?? []
  const prompt = (users.findLast((blocks) => textOf(blocks) !== '') ?? []) as readonly Block[]
  const result = last.findLast((block) => block.type === 'tool_result')
  const tools = (body.tools ?? []).map((tool) => tool.name ?? '')
  return {
    at: performance.now(),
    kind: kindOf(tools, textOf(last), headers['x-claude-code-agent-id'] !== undefined),
    session: String(headers['x-claude-code-session-id'] ?? ''),
    model: body.model ?? '',
    prompt: textOf(prompt),
    text: JSON.stringify(body),
    toolOutput: result === undefined ? null : outputOf(result.content),
    tools,
    aborted: false,
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

async function bodyOf(incoming: IncomingMessage): Promise<Body | null> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const raw = Buffer.concat(chunks)
    return JSON.parse(
      (incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString(),
    ) as Body
  } catch {
    return null
  }
}

function notHere(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ type: 'error', error: { type: 'not_found_error', message: 'not here' } }))
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.closeAllConnections()
    server.close(() => resolve())
  })
