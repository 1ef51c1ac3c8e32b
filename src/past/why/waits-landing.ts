// What a bead waits for on its way into the target, and what keeps it from there.

import type { BeadRow } from '../../projections/beads.ts'
import { decisions } from '../../projections/decisions.ts'
import { isAside, isAtForge, isInReview, type MergeRow, mergeQueue } from '../../projections/merge-queue.ts'
import type { RigRow } from '../../projections/rigs.ts'
import { type Seen, type Wait, type WaitKind, wait } from './wait.ts'

const NEEDS_OPEN = 'NEEDS_OPEN'

/** With the Refinery. */
export function landing(seen: Seen, row: BeadRow): Wait | null {
  if (row.stage !== 'submitted' && row.stage !== 'testing') return null
  const rig = seen.rigs.rows.get(row.rig)
  const request = row.mergeRequest === null ? undefined : seen.mergeQueue.rows.get(row.mergeRequest)
  const held = row.waits.merge
  const asked = approval(seen, row)
  if (asked !== null) return asked
  if (held !== null && request !== undefined && isAtForge(held.id)) {
    const why = request.reason?.message ?? null
    return wait('forge', held.id, held.since, 'its pull request', why, `gt mq show ${request.id}`)
  }
  if (held !== null && request !== undefined && isInReview(held.id)) {
    const why = request.reason?.message ?? null
    return wait('review', held.id, held.since, 'its review', why, `gt mq show ${request.id}`)
  }
  const [need] = row.openNeeds
  if (need !== undefined && (request?.state === 'queued' || held?.id === NEEDS_OPEN)) {
    const why = 'its work lands after what it needs'
    const since = held?.since ?? request?.stateSince ?? row.stageSince
    return wait('blocked', need, since, `bead ${need}`, why, `gt why ${need}`)
  }
  // What mends the target lands all the same.
  const target = rig === undefined || row.labels.includes('fixes-target') ? null : targetState(rig)
  if (
    target !== null &&
    request?.state !== 'building' &&
    request?.state !== 'testing' &&
    request?.state !== 'landing'
  )
    return target
  if (held !== null && !isAside(held.id)) {
    const code = held.id
    const why = request?.reason?.message ?? rig?.waiting?.message ?? null
    return code === 'RIG_HAS_NO_GATE'
      ? wait('noGate', code, held.since, `a check (gate) for rig ${row.rig}`, why, gateHint(row.rig))
      : wait(
          'target',
          code,
          held.since,
          `the target ${rig?.target.branch ?? ''}`.trimEnd(),
          why,
          `gt mq retry ${row.rig}`,
        )
  }
  if (request === undefined || request.state === 'failed' || request.state === 'conflicted') return null
  if (rig?.parked === true && request.state === 'queued')
    return wait(
      'parked',
      row.rig,
      request.stateSince,
      `rig ${row.rig}, which is parked`,
      null,
      `gt rig unpark ${row.rig}`,
    )
  return inLine(seen, row.rig, request)
}

/** It has passed, and a person says whether it lands. */
function approval(seen: Seen, { id }: BeadRow): Wait | null {
  const asked = decisions(seen.decisions.rows, { open: true, bead: id }).find(
    ({ kind }) => kind === 'approval',
  )
  if (asked === undefined) return null
  const { n, since, question, choices } = asked
  const what = 'your approval'
  return wait('approval', String(n), since, what, question, `gt answer ${n} ${choices.join('|')}`)
}

/** What keeps all of a rig from landing. */
export function targetWait(rig: RigRow): Wait | null {
  const { name, waiting } = rig
  if (waiting === null || rig.frozen !== null) return targetState(rig)
  const { code, message, since } = waiting
  return code === 'RIG_HAS_NO_GATE'
    ? wait('noGate', code, since, `a check (gate) for rig ${name}`, message, gateHint(name))
    : wait('target', code, since, `the target ${rig.target.branch}`, message, `gt mq retry ${name}`)
}

function targetState(rig: RigRow): Wait | null {
  const words = TARGETS[rig.target.state]
  return words === undefined ? null : wait(...words(rig))
}

/** Back with its worker after the Refinery has found something. */
export function mending({ mergeQueue: queue }: Seen, row: BeadRow): Wait | null {
  const request = row.mergeRequest === null ? undefined : queue.rows.get(row.mergeRequest)
  if (request === undefined || row.stage !== 'working') return null
  const { state, stateSince, id, failure, reason, conflictFiles } = request
  const who = request.worker.slice(request.worker.lastIndexOf('/') + 1)
  if (state === 'failed')
    return wait(
      'redGate',
      failure?.gate ?? id,
      stateSince,
      `${who} to mend what the check ${failure?.gate ?? ''} found`,
      reason?.message ?? null,
      `gt mq show ${id}`,
    )
  if (state === 'conflicted')
    return wait(
      'conflict',
      id,
      stateSince,
      `${who} to mend its conflict with ${request.target}`,
      conflictFiles.join(', '),
      `gt mq show ${id}`,
    )
  return null
}

type Words = (
  rig: RigRow,
) => [kind: WaitKind, id: string, since: string, what: string, why: string | null, command: string]

/** States of a target in which nothing lands. */
const TARGETS: { readonly [state: string]: Words } = {
  red: ({ name, red, target: { branch, since, reason } }) => [
    'redTarget',
    name,
    since,
    `${branch} to be green again`,
    red === null ? reason : `it is red by itself: ${reason}`,
    `gt mq retest ${name}`,
  ],
  frozen: ({ name, target: { branch, since, reason } }) => [
    'frozen',
    name,
    since,
    `${branch}, which is frozen`,
    reason,
    `gt mq thaw ${name}`,
  ],
}

function inLine(seen: Seen, rig: string, request: MergeRow): Wait {
  const { id, state, stateSince } = request
  const line = mergeQueue(seen.mergeQueue.rows, rig)
  const before = line.filter((one) => one.requestedAt < request.requestedAt).length
  if (state === 'queued')
    return wait(
      'queue',
      id,
      stateSince,
      'its turn at the Refinery',
      before > 0 ? `${before} before it` : null,
      'gt mq list',
    )
  return wait(
    'gates',
    id,
    stateSince,
    state === 'landing' ? 'its landing' : 'its checks',
    null,
    `gt mq show ${id}`,
  )
}

const gateHint = (rig: string): string => `gt config set gates.test '{"command":["npm","test"]}' --rig ${rig}`
