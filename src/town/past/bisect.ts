// Finding the record at which an expression about the town turned from false to true.
//
// Owns:      asking the expression about moments, and what is told of the record that is found.
// Does not:  rebuild states (past/states.ts), choose moments (src/past/bisect.ts), or look at the expression itself.
// Always:    what is found is a turn; the same question has the same answer tomorrow.

import { performance } from 'node:perf_hooks'
import type { EventLog } from '../../../eventlog/index.ts'
import { Fault } from '../../api/fault.ts'
import type { PastTown } from '../../api/past.ts'
import type { BisectOptions, BisectReport, JobProgress } from '../../api/town.ts'
import { recordOf } from '../../events/upcasters.ts'
import { type Answer, firstTurn, bisect as halve, type Probe } from '../../past/bisect.ts'
import { feedItems } from '../../projections/feed.ts'
import { applyAll, applyMany, createProjections, type Projections } from '../../projections/index.ts'
import { recordsIn } from '../../system/records-in.ts'
import { machineClock } from '../clock.ts'
import { createDocuments, type Documents } from './document.ts'
import { type Expression, openExpression } from './expression.ts'
import { onePass } from './one-pass.ts'
import type { States } from './states.ts'

const SAYS_EVERY_MS = 100
/** To keep what so many of all records changed takes about as long as one pass over all of them. */
export const KEPT_FIRST_MAX = 1 / 8
/** So many are folded for each moment that is looked at. */
const TAIL_MAX = 4_096

type Town = Pick<PastTown, 'dir' | 'name' | 'townId' | 'priceOf'> &
  Pick<States, 'withProjections' | 'catchUp'> & { readonly log: Pick<EventLog, 'head' | 'pieces' | 'get'> }

/** @throws {Fault} NO_TURN, EXPRESSION_INVALID, EXPRESSION_NOT_BOOLEAN, EXPRESSION_TOO_SLOW; {LogError} LOG_DAMAGED */
export async function bisect(
  town: Town,
  asked: BisectOptions,
  onProgress: (progress: JobProgress) => void,
): Promise<BisectReport> {
  const { when, from, to } = asked
  if (from >= to) throw new Fault('POSITION_INVALID', `Nothing lies between record ${from} and record ${to}.`)
  const expression = await openExpression(when)
  try {
    // A route reads and never writes.
    const besides = { ...town, log: town.log as EventLog, clock: machineClock }
    const documents = createDocuments(besides, expression.names)
    const search: Search = {
      town,
      documents,
      expression,
      asked,
      onProgress,
      probes: 0,
      begun: performance.now(),
    }
    const found = asked.first ? await first(search) : await halving(search)
    if (found.kind === 'none') throw noTurn(asked, found)
    const { seq, before, after } = found
    const stored = await town.log.get(seq)
    const record = recordOf(stored?.line ?? '')
    return {
      seq,
      at: record.at,
      actor: record.actor,
      by: record.by,
      message: record.message.type,
      summary: feedItems(record)[0]?.summary ?? null,
      before: before.value,
      after: after.value,
      probes: search.probes,
      next: `gt why ${seq}`,
    }
  } finally {
    await expression.close()
  }
}

type Search = {
  readonly town: Town
  readonly documents: Documents
  readonly expression: Expression
  readonly asked: BisectOptions
  readonly onProgress: (progress: JobProgress) => void
  readonly begun: number
  probes: number
}

async function halving(search: Search) {
  const { town, asked } = search
  const most = 2 + Math.ceil(Math.log2(asked.to - asked.from))
  const kept = await town.catchUp(town.log.head.seq * KEPT_FIRST_MAX)
  const { withProjections } = asked.to - kept > TAIL_MAX ? passing(search) : town
  const probe: Probe = async (seq) => {
    const answer = await withProjections(seq, (projections) => look(search, seq, projections))
    say(search, search.probes, most)
    return answer
  }
  return halve(probe, asked.from, asked.to)
}

function passing(search: Search) {
  const { town, asked, documents } = search
  const { from, to } = asked
  let saidAt = search.begun
  return onePass(town.log, {
    from,
    to,
    glance: (seq, projections) => documents.at(seq, projections),
    onFolded(seq) {
      if (search.probes > 1 || performance.now() - saidAt < SAYS_EVERY_MS) return
      saidAt = performance.now()
      say(search, seq, to, 'folding')
    },
  })
}

/** One pass: folds on from `from`, and looks only after records that changed a row of what is looked at. */
async function first(search: Search) {
  const { asked, town } = search
  const projections = createProjections()
  let saidAt = search.begun
  const changes = async function* () {
    const revisions = new Map<string, number>()
    for await (const piece of town.log.pieces({ after: asked.from, to: asked.to })) {
      for (const record of recordsIn(piece)) {
        applyAll(projections, record)
        if (performance.now() - saidAt > SAYS_EVERY_MS) {
          saidAt = performance.now()
          say(search, record.seq - asked.from, asked.to - asked.from)
        }
        const changed = changedIn(projections, revisions)
        // Whoever asks for the time may hear something else after any record.
        if (search.expression.clock || !search.documents.isUntouched(changed)) yield record.seq
      }
    }
  }
  for await (const piece of town.log.pieces({ to: asked.from })) applyMany(projections, recordsIn(piece))
  return firstTurn((seq) => look(search, seq, projections), { from: asked.from, changes: changes() })
}

/** Those whose rows changed since the last call. */
function changedIn(projections: Projections, revisions: Map<string, number>): ReadonlySet<string> {
  const changed = new Set<string>()
  for (const [name, { revision }] of Object.entries(projections)) {
    if (revisions.get(name) !== revision) changed.add(name)
    revisions.set(name, revision)
  }
  return changed
}

async function look(search: Search, seq: number, projections: Projections): Promise<Answer> {
  const { town, documents, expression } = search
  const document = await documents.at(seq, projections)
  const stored = await town.log.get(seq)
  const answer = await expression.look(
    document,
    stored === undefined ? 0 : Date.parse(recordOf(stored.line).at),
  )
  search.probes += 1
  return answer
}

function say(
  { begun, onProgress }: Search,
  done: number,
  of: number,
  doing: JobProgress['doing'] = 'looking',
): void {
  const perSecond = done / Math.max((performance.now() - begun) / 1_000, 0.001)
  const leftMs = perSecond === 0 ? 0 : Math.round(((of - done) / perSecond) * 1_000)
  onProgress({ doing, done, of, perSecond: Math.round(perSecond), leftMs })
}

function noTurn({ when, from, to, first: wanted }: BisectOptions, ends: { from: Answer; to: Answer }): Fault {
  const details = { when, from, to, before: ends.from.value, after: ends.to.value }
  const where = `after record ${from}${wanted ? '' : ` and after record ${to}`}`
  const said = ({ isTrue }: Answer) => (isTrue ? 'true' : 'false')
  if (wanted)
    return new Fault(
      'NO_TURN',
      `Between record ${from} and record ${to} it never turns from false to true.`,
      details,
    )
  if (ends.from.isTrue && !ends.to.isTrue)
    return new Fault(
      'NO_TURN',
      `It is true after record ${from} and false after record ${to}: it turned the other way.`,
      { ...details, instead: `$not(${when})` },
    )
  return new Fault('NO_TURN', `It is ${said(ends.from)} ${where}.`, details)
}
