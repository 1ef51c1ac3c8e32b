// `gt done`: an agent says that its work is finished, or hands it back.
//
//   Always:  what was written under this id before is answered again before anything is looked at: the worktree of a
//            call that is repeated may be gone.

import { z } from 'zod'
import { rigOf } from '../../events/address.ts'
import { line } from '../../events/define.ts'
import type { Address, LogRecord } from '../../events/record.ts'
import type { Evidence } from '../../events/worker.ts'
import type { WorktreeState } from '../../ports/repositories.ts'
import { targetOfWork } from '../../projections/epics.ts'
import { assignmentOf, type SandboxFacts, type SessionCaller, sessionOnly } from '../callers.ts'
import { command } from '../command.ts'
import { Fault } from '../fault.ts'
import { findRig } from '../resolve.ts'
import type { TownHandle } from '../town.ts'
import { recordsOfId, type Said, take } from '../turn.ts'

const STATUSES = ['COMPLETED', 'ESCALATED', 'DEFERRED'] as const

const done = command({
  name: 'done',
  summary: 'Submits the work of this session, or hands it back.',
  who: 'session',
  input: z.strictObject({
    status: z.enum(STATUSES).default('COMPLETED'),
    note: line.default(''),
    /** What shows that the work does what it is to do; `2: …` of the second acceptance criterion of its bead. */
    evidence: z.array(z.string().trim().min(1).max(500)).max(50).default([]),
  }),
  async run({ town, caller: anybody, input, id }) {
    const caller = sessionOnly(anybody)
    const before = await recordsOfId(town, caller, id)
    if (before.length > 0) return answer(before)
    const { sandbox, facts } = assignmentOf(town, caller)
    const state = await inspect(town, caller, facts)
    if (input.status === 'COMPLETED') mayBeSubmitted(state, facts)
    const messages = saying(caller, sandbox, state, input)
    try {
      return answer((await take(town, caller, id, messages)).records)
    } catch (error) {
      throw error instanceof Fault && OVER.has(error.code)
        ? new Fault('ASSIGNMENT_OVER', error.message, error.details)
        : error
    }
  },
})

export const doneCommands = [done]

/** What the owners of an assignment say when it is over, or has come to somebody else. */
const OVER: ReadonlySet<string> = new Set(['OWNER_ENDED', 'ASSIGNMENT_OVER'])

async function inspect(town: TownHandle, caller: SessionCaller, facts: SandboxFacts): Promise<WorktreeState> {
  if (town.repositories === null)
    throw new Fault('DAEMON_DOWN', 'The town is not up, so the work cannot be looked at.')
  const rig = findRig(town.projections, rigOf(caller.agent) ?? '')
  return town.repositories.inspectWorktree({
    rig: rig.name,
    path: facts.path,
    branch: facts.branch,
    target: targetOfWork(town.projections, rig.name, facts.epic),
  })
}

function mayBeSubmitted({ dirty, commits, branch }: WorktreeState, facts: SandboxFacts): void {
  if (branch !== facts.branch) {
    const now = branch === null ? 'no branch' : `branch ${branch}`
    throw new Fault('WORKTREE_DIRTY', `The worktree is on ${now}; the work belongs on ${facts.branch}.`)
  }
  if (dirty.length > 0) {
    const named = dirty.slice(0, 5).join(', ')
    const more = dirty.length > 5 ? ' and more' : ''
    throw new Fault('WORKTREE_DIRTY', `There are changes that are not committed: ${named}${more}.`, {
      files: dirty,
    })
  }
  if (commits === 0) throw new Fault('NOTHING_TO_SUBMIT', `${facts.branch} has no commit of its own.`)
}

type Input = {
  readonly status: (typeof STATUSES)[number]
  readonly note: string
  readonly evidence: readonly string[]
}

function evidenceIn(text: string): Evidence {
  const [, n, rest] = /^([1-9]\d?)\s*[:.)]\s*(\S.*)$/s.exec(text) ?? []
  return n === undefined || rest === undefined
    ? { criterion: null, text }
    : { criterion: Number(n), text: rest }
}

function saying(
  { session }: SessionCaller,
  sandbox: Address,
  { head, commits }: WorktreeState,
  { status, note, evidence }: Input,
): Said[] {
  const shows = status === 'COMPLETED' && evidence.length > 0 ? { evidence: evidence.map(evidenceIn) } : {}
  const said: Said = { to: session, message: { type: 'session.done', status, head, commits, note, ...shows } }
  return status === 'COMPLETED'
    ? [said, { to: sandbox, message: { type: 'sandbox.done', session, head, commits } }]
    : [said, { to: sandbox, message: { type: 'sandbox.giveBack', session, status, note } }]
}

function answer(records: readonly LogRecord[]) {
  const fact = records.flatMap(({ facts }) => facts).find(({ type }) => type === 'AgentDone')
  return { bead: fact?.bead, status: fact?.status, head: fact?.head, seq: records.at(-1)?.seq ?? 0 }
}
