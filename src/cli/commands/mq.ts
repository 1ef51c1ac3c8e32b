// gt mq: what is with the Refinery (merge queue).

import { ClientFault } from '../../client/fault.ts'
import { type Command, given, textOf } from '../command.ts'
import { clock, since } from '../layout.ts'
import { showList } from '../listing.ts'
import { readOne } from '../reading.ts'
import { safeLine } from '../sanitize.ts'

type Gate = {
  name: string
  command: string[]
  exitCode: number | null
  durationMs: number
  outcome: string
  required?: boolean
  cached?: { at: string; durationMs: number }
}
type Request = {
  id: string
  bead: string
  rig: string
  branch: string
  target: string
  worker: string
  state: string
  stateSince: string
  attempts: number
  reason: { code: string; message: string } | null
  receipt: {
    commit: string
    tree: string
    gates: Gate[]
    patchProof: string
    patchId: string
    landedAt: string
    tested?: { commit: string; tree: string }
    resolved?: { by: string; files: string[]; tool?: string }
  } | null
  reverts: { mergeRequest: string; bead: string; commit: string }[]
  reviews: {
    gate: string
    outcome: string | null
    session: string | null
    by: string | null
    note: string
    findings: { path: string; line: number | null; text: string }[]
    at: string
  }[]
  history: { at: string; state: string; note: string | null }[]
}
type Target = { name: string; target: { branch: string; state: string; since: string; reason: string } }

const rig = { rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' } } as const

export const mqList: Command = {
  name: 'mq list',
  summary: 'what is with the Refinery (merge queue), and what has landed',
  usage: '',
  words: [0, 0],
  options: {
    ...rig,
    status: {
      type: 'list',
      value: '<state>',
      help: 'queued, building, testing, landing, waiting, landed, …; queue: all that stand in line',
    },
  },
  async run(call) {
    const query = {
      rig: textOf(call, 'rig'),
      state: (call.values.status as string[] | undefined)?.join(','),
      at: textOf(call, 'at'),
      limit: 1_000,
    }
    const town = call.town()
    const [{ items }, rigs] = await Promise.all([
      town.get<{ items: Request[] }>('/v1/merge-queue', query),
      town.get<{ items: Target[] }>('/v1/rigs', { at: query.at }),
    ])
    const now = new Date().toISOString()
    const closed = rigs.items.filter(({ name }) => query.rig === undefined || name === query.rig)
    showList(call, items, {
      before: closed.flatMap(targetLine),
      id: ({ id }) => id,
      head: ['ID', 'BEAD', 'STATE', 'SINCE', 'TRY', 'WORKER', ''],
      row: ({ id, bead, state, stateSince, attempts, worker, reason, receipt }) => [
        id,
        bead,
        state,
        since(stateSince, now),
        String(attempts),
        worker.split('/').at(-1) ?? '',
        reason?.message ?? receipt?.commit.slice(0, 10) ?? '',
      ],
    })
  },
}

/** Said above the queue of a target on which nothing lands. */
function targetLine({ name, target: { branch, state, since: from, reason } }: Target): string[] {
  if (state !== 'frozen' && state !== 'red') return []
  const next = state === 'frozen' ? `gt mq thaw ${name}` : `gt mq retest ${name}`
  return [`! ${branch} of ${name} is ${state} since ${clock(from)}: ${reason}. ${next}`]
}

export const mqShow: Command = {
  name: 'mq show',
  summary: 'one landing: where it is, and what it went through',
  usage: '<bead or id>',
  words: [1, 1],
  async run(call) {
    const found = await readOne<Request>(call, 'merge-queue')
    call.out.answer({
      json: found,
      ids: [found.id],
      lines: () => [
        `${found.id}: ${found.bead} by ${found.worker}, ${found.state}, try ${found.attempts}`,
        `  ${found.branch} to ${found.target} of ${found.rig}`,
        ...(found.reason === null ? [] : [`  ${found.reason.message}`]),
        ...found.reviews.flatMap(reviewLines),
        ...found.history.map(
          ({ at, state, note }) => `  ${clock(at)}  ${state}${note === null ? '' : `: ${note}`}`,
        ),
      ],
    })
  },
}

function reviewLines({
  gate,
  outcome,
  session,
  by,
  note,
  findings,
  at,
}: Request['reviews'][number]): string[] {
  const said = { passed: 'let it pass', failed: 'did not let it pass', missed: 'gave no verdict' }
  const who = session ?? by ?? 'nobody'
  const what = outcome === null ? 'looks at it' : (said[outcome as keyof typeof said] ?? outcome)
  const why = note === '' ? '' : `: ${safeLine(note)}`
  return [
    `  ${clock(at)}  ${gate}: ${who} ${what}${why}`,
    ...findings.map(
      ({ path, line, text }) => `    ${safeLine(`${path}${line === null ? '' : `:${line}`}: ${text}`)}`,
    ),
  ]
}

export const mqReceipt: Command = {
  name: 'mq receipt',
  summary: 'the proof of a landing: commit, tree, checks, patch',
  usage: '<bead or id>',
  words: [1, 1],
  async run(call) {
    const found = await readOne<Request>(call, 'merge-queue')
    const { receipt } = found
    if (receipt === null)
      throw new ClientFault('NOT_LANDED', `${found.bead} has not landed; it is ${found.state}.`)
    call.out.answer({
      json: {
        id: found.id,
        bead: found.bead,
        ...receipt,
        ...(found.reverts.length > 0 && { reverts: found.reverts }),
      },
      ids: [receipt.commit],
      lines: () => [
        `${found.bead} landed on ${found.target} at ${clock(receipt.landedAt)}`,
        `  commit ${receipt.commit}`,
        `  tree   ${receipt.tree}`,
        ...(receipt.tested === undefined
          ? []
          : [`  tested with what lies above it, up to commit ${receipt.tested.commit.slice(0, 10)}`]),
        ...found.reverts.map(
          (one) =>
            `  takes back ${one.bead}, landed as ${one.commit.slice(0, 10)} (${one.mergeRequest.split('/').at(-1)})`,
        ),
        ...(receipt.resolved === undefined ? [] : [resolvedLine(receipt.resolved)]),
        ...receipt.gates.map(gateLine),
        `  patch  ${receipt.patchProof}`,
      ],
    })
  },
}

function resolvedLine({ by, files, tool }: { by: string; files: string[]; tool?: string }): string {
  const named = files.slice(0, 5).map(safeLine).join(', ')
  const more = files.length > 5 ? ` and ${files.length - 5} more` : ''
  return `  conflict in ${named}${more} settled by ${by}${tool === undefined ? '' : ` (${safeLine(tool)})`}`
}

function gateLine({ name, command, exitCode, durationMs, outcome, required, cached }: Gate): string {
  const what = `  ${name}${required === false ? ' (advice)' : ''}`
  if (outcome === 'skipped') return `${what}: skipped, for nothing that changed concerns it`
  const ran = `${what}: ${command.join(' ')}`
  if (cached !== undefined)
    return `${ran} exited ${exitCode} after ${Math.round(cached.durationMs)} ms, on this very tree at ${clock(cached.at)}`
  return exitCode === null
    ? `${ran} after ${Math.round(durationMs / 1_000)} s`
    : `${ran} exited ${exitCode} after ${Math.round(durationMs)} ms`
}

export const mqRetry: Command = {
  name: 'mq retry',
  summary: 'lets the Refinery (merge queue) try again now',
  usage: '[rig, bead or id]',
  words: [0, 1],
  options: rig,
  async run(call) {
    const body = given({ mergeRequest: call.words[0], rig: textOf(call, 'rig') })
    const found = await call.town().command<{ rig: string }>('mq.retry', body)
    call.out.answer({
      json: found,
      ids: [found.rig],
      lines: () => [`The Refinery of ${found.rig} tries again.`],
    })
  },
}
