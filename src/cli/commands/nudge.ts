// gt nudge: a message typed for an agent, and its receipt.

import { type Connection, part } from '../../client/connection.ts'
import { ClientFault } from '../../client/fault.ts'
import { type Call, type Command, flagOf, given, numberOf, textOf } from '../command.ts'
import { clock, since, table } from '../layout.ts'
import { showList } from '../listing.ts'
import { durationMs } from '../options.ts'
import { readOne } from '../reading.ts'
import { UsageError } from '../usage.ts'

type Nudge = {
  id: string
  to: string
  from: string
  mode: string
  state: string
  since: string
  reason: string | null
  summary: string
  characters: number
  queuedAt: string
  writtenAt: string | null
  acceptedAt: string | null
  endedAt: string | null
  via: string | null
  enters: number
  failure: { code: string; message: string } | null
}
type Whole = Nudge & { text: string | null; settled: boolean }
type Sent = { id: string; to: string; session: string; state: string }

const MODES = ['idle', 'queue', 'immediate']
/** How long it may wait to be taken when nobody says so, ms. */
const WAIT_MS = 30 * 60_000
/** A receipt that comes late is waited for this long beyond that, ms. */
const LATE_MS = 6 * 60_000
/** One request holds for at most this long, ms. */
const HOLD_MS = 20_000

const saying = {
  mode: {
    type: 'text',
    value: 'idle|queue|immediate',
    help: 'when it is idle; behind what it does; or interrupt it. idle when not said',
  },
} as const

export const nudge: Command = {
  name: 'nudge',
  summary: 'types a message for an agent',
  usage: '<agent> <text>',
  words: [2, 2],
  options: { ...saying, wait: { type: 'flag', help: 'wait for the receipt; 1 when it failed' } },
  async run(call) {
    const [to, text] = call.words
    const connection = call.town()
    const found = await connection.command<Sent>('nudge.send', { to, ...bodyOf(call, text) })
    if (!flagOf(call, 'wait')) {
      call.out.answer({ json: found, ids: [found.id], lines: () => [found.id] })
      return 0
    }
    call.out.note(`${found.id} is on its way to ${found.to}`)
    const receipt = await receiptOf(connection, found.id, waitMs(call) + LATE_MS)
    call.out.answer({ json: receipt, ids: [receipt.id], lines: () => receiptLines(receipt) })
    return isTaken(receipt) ? 0 : 1
  },
}

export const broadcast: Command = {
  name: 'broadcast',
  summary: 'types a message for every agent that runs',
  usage: '<text>',
  words: [1, 1],
  where: 'person',
  options: { ...saying, rig: { type: 'text', value: '<rig>', help: 'those of one rig alone' } },
  async run(call) {
    const body = given({ rig: textOf(call, 'rig'), ...bodyOf(call, call.words[0]) })
    const found = await call
      .town()
      .command<{ sent: Sent[]; refused: { code: string; message: string }[] }>('nudge.broadcast', body)
    for (const one of found.refused) call.out.problem(one)
    call.out.answer({
      json: found,
      ids: found.sent.map(({ id }) => id),
      lines: () =>
        found.sent.length === 0
          ? ['No agent runs.']
          : table(
              ['ID', 'TO'],
              found.sent.map(({ id, to }) => [id, to]),
              { columns: call.out.columns },
            ),
    })
    return found.refused.length > 0 ? 1 : 0
  },
}

export const nudgeRead: Command = {
  name: 'nudge read',
  summary: 'the whole text of a message; read by its agent, it counts as taken',
  usage: '<id>',
  words: [1, 1],
  async run(call) {
    const found = await call
      .town()
      .command<{ id: string; from: string; text: string }>('nudge.read', { nudge: call.words[0] })
    call.out.answer({
      json: found,
      ids: [found.id],
      lines: () => [`message ${found.id} from ${found.from}, word for word:`, '', found.text],
    })
    return 0
  },
}

export const nudgeShow: Command = {
  name: 'nudge show',
  summary: 'one message, with its receipt',
  usage: '<id>',
  words: [1, 1],
  async run(call) {
    const found = await readOne<Whole>(call, 'nudges')
    call.out.answer({
      json: found,
      ids: [found.id],
      lines: () => [...receiptLines(found), '', found.text ?? found.summary],
    })
    return 0
  },
}

export const nudgeList: Command = {
  name: 'nudge list',
  summary: 'messages typed for agents, and how far each has come',
  usage: '',
  words: [0, 0],
  options: {
    agent: { type: 'text', value: '<agent>', help: 'to and from one agent' },
    limit: { type: 'number', value: '<n>', help: 'at most so many' },
  },
  async run(call) {
    const { items } = await call.town().get<{ items: Nudge[] }>('/v1/nudges', {
      agent: textOf(call, 'agent') ?? call.env.GT_ACTOR,
      limit: numberOf(call, 'limit'),
      at: textOf(call, 'at'),
    })
    const now = new Date().toISOString()
    showList(call, items, {
      id: ({ id }) => id,
      head: ['ID', 'STATE', 'SINCE', 'FROM', 'TO', 'TEXT'],
      row: (one) => [one.id, one.state, since(one.since, now), one.from, one.to, one.summary],
    })
    return 0
  },
}

export const nudgeWithdraw: Command = {
  name: 'nudge withdraw',
  summary: 'takes a message back that is not typed yet',
  usage: '<id>',
  words: [1, 1],
  async run(call) {
    const found = await call.town().command<{ id: string }>('nudge.withdraw', { nudge: call.words[0] })
    call.out.answer({ json: found, ids: [found.id], lines: () => [] })
    return 0
  },
}

const waitMs = (call: Call): number => durationMs(textOf(call, 'timeout'), WAIT_MS)

function bodyOf(call: Call, text: string | undefined) {
  const mode = textOf(call, 'mode')
  if (mode !== undefined && !MODES.includes(mode))
    throw new UsageError(`--mode takes one of ${MODES.join(', ')}`, 'nudge')
  return given({ text, mode, waitMs: Math.max(1_000, waitMs(call)) })
}

/** @throws {ClientFault} TIMED_OUT. */
async function receiptOf(connection: Connection, id: string, timeoutMs: number): Promise<Whole> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const hold = Math.max(0, Math.min(HOLD_MS, deadline - Date.now()))
    const found = await connection.get<Whole>(`/v1/nudges/${part(id)}`, { until: 'settled', waitMs: hold })
    if (found.settled) return found
    if (Date.now() >= deadline)
      throw new ClientFault('TIMED_OUT', `${id} is ${found.state}, and nobody has said that it was taken.`, {
        details: { nudge: id, state: found.state },
      })
  }
}

const isTaken = ({ state }: Nudge): boolean => state === 'accepted' || state === 'ended'

function receiptLines(one: Nudge): string[] {
  const { id, state, from, to, mode, failure, reason } = one
  const at = (what: string, time: string | null) => (time === null ? [] : [`${what} ${clock(time)}`])
  const taken = one.via === null ? [] : at(`taken (${one.via})`, one.acceptedAt)
  return [
    `${id} ${state}: from ${from} to ${to} (${mode})`,
    [...at('queued', one.queuedAt), ...at('typed', one.writtenAt), ...taken, ...at('over', one.endedAt)].join(
      ', ',
    ),
    ...(failure === null ? [] : [`${failure.code}: ${failure.message}`]),
    ...(reason === null ? [] : [`it says: ${reason}`]),
  ]
}
