// All that a session is started with: program, arguments, environment, files, and what it is told first.
//
// Always:    a start that is tried again is the same one: the id of the conversation comes from the effect's.

import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { directedRules } from '../../api/direction.ts'
import { description } from '../../api/shapes.ts'
import { agentOf, keeperOf, sandboxOfSession, sessionRole } from '../../events/address.ts'
import type { AttemptReason, Previous } from '../../events/define.ts'
import type { EffectParams } from '../../events/index.ts'
import type { ReviewAsk } from '../../events/review.ts'
import type { Launch } from '../../ports/presets.ts'
import { bead as beadRow } from '../../projections/bead-queries.ts'
import { hookCommand } from '../agents/launcher.ts'
import { type Assignment, ordersFor, rulesFor } from '../agents/orders.ts'
import { reviewOrders } from '../agents/review-orders.ts'
import { findRuntime, type Runtime, type RuntimeProblem } from '../agents/runtimes.ts'
import { authorOf, baseEnvironment, sessionEnvironment } from '../environment.ts'
import { sessionFiles, townFiles } from '../files.ts'
import { targetOfWork } from '../integrations.ts'
import { agentSettings, allowedVariables, domainOf, gatesIn, permissionsOf } from '../settings.ts'
import type { Carrier } from './carrier.ts'
import { packetOn } from './pulls.ts'

type Start = EffectParams<'session.start'>

/** The program of a session on this machine, or why there is none. */
export function runtimeOf(town: Carrier, { rig, preset }: Start): Runtime | RuntimeProblem {
  const agent = agentSettings(town.system, rig ?? '', preset)
  if (agent === null)
    return {
      code: 'AGENT_UNKNOWN',
      message: 'Nobody said which agent is used: set agents.default, or agents.<name>.command.',
    }
  return findRuntime(town.presets, agent, town.operatorEnv)
}

export async function launchOf(
  town: Carrier,
  start: Start,
  { preset, command, login }: Runtime,
  effectId: string,
): Promise<Launch> {
  const { rig, session, worktree, resume = null } = start
  const files = sessionFiles(town.dir, session)
  const env = environmentOf(town, start, preset.name)
  const told = await toldFirst(town, start, effectId)
  const launch = preset.launch({
    command,
    runtimeSession: uuidOf(`${town.townId} ${effectId}`),
    resume,
    fork: false,
    worktree,
    folder: files.runtime,
    home: town.operatorEnv.HOME ?? homedir(),
    permissions: permissionsOf(town.system, rig ?? '').mode,
    model: agentSettings(town.system, rig ?? '', start.preset)?.model ?? null,
    ...told,
    hook: hookCommand(preset, { bin: town.bin, env }),
    login,
  })
  return { ...launch, env: { ...env, ...launch.env } }
}

function environmentOf(town: Carrier, start: Start, runtime: string): Record<string, string> {
  const { rig, session, bead, branch } = start
  const files = sessionFiles(town.dir, session)
  const agent = agentOf(session) ?? ''
  return {
    ...baseEnvironment(town.operatorEnv, {
      allow: allowedVariables(town.system, rig ?? ''),
      bin: town.bin,
      tmp: files.tmp,
    }),
    ...sessionEnvironment({
      town: town.dir,
      townId: town.townId,
      socket: townFiles(town.dir).socket,
      tokenFile: files.token,
      agent,
      role: sessionRole(session) ?? 'polecat',
      rig,
      bead,
      session,
      branch,
      author: authorOf(agent, domainOf(town.system)),
      runtime,
      guarded: permissionsOf(town.system, rig ?? '').hasDenials,
    }),
  }
}

/** What it is told: its work; or, when a person directs it, only who and where it is. */
async function toldFirst(
  town: Carrier,
  start: Start,
  effectId: string,
): Promise<{ orders: string; rules: string }> {
  const { rig, session, bead, worktree, branch } = start
  if (sessionRole(session) === 'reviewer') return await toldToReviewer(town, start, effectId)
  if (bead !== null && rig !== null) {
    const assignment = await assignmentOf(town, { ...start, bead, rig })
    return { orders: ordersFor(assignment), rules: rulesFor(assignment) }
  }
  const directed = { agent: agentOf(session) ?? '', rig, branch, folder: worktree }
  return { orders: '', rules: directedRules(sessionRole(session) ?? 'crew', directed) }
}

async function assignmentOf(
  town: Carrier,
  start: Start & { readonly bead: string; readonly rig: string },
): Promise<Assignment> {
  const { rig, session, bead, worktree, branch, resume = null } = start
  const facts = town.system.owner(sandboxOfSession(session))?.context ?? {}
  const row = beadRow(town.projections.beads.rows, bead)
  const title = row?.title ?? bead
  return {
    agent: agentOf(session) ?? '',
    rig,
    bead,
    title,
    description: row === null ? '' : await description(town, bead, row.descriptionSeq),
    attempt: Number(facts.attempt ?? 1),
    reason: (facts.reason ?? 'first') as AttemptReason,
    previous: (facts.previous ?? {}) as Previous,
    handoff: (facts.handoff ?? null) as Assignment['handoff'],
    branch,
    target: targetOfWork(town.system, rig, sandboxOfSession(session)),
    worktree,
    gates: gatesIn(town.system, rig),
    resumed: resume !== null,
  }
}

/** What was asked may have been taken back meanwhile: then its session is about to be ended. */
async function toldToReviewer(
  town: Carrier,
  { rig, session, worktree }: Start,
  effectId: string,
): Promise<{ orders: string; rules: string }> {
  const review = keeperOf(session)
  const ask = town.system.owner(review)?.context.ask as ReviewAsk | null | undefined
  const own = { agent: review, rig: rig ?? '' }
  const rules = directedRules('reviewer', { ...own, branch: '', folder: worktree })
  if (ask == null) return { orders: '', rules }
  const { bead, gate, target, base, commit, mergeRequest, results } = ask
  const row = beadRow(town.projections.beads.rows, bead)
  const [text, packet] = await Promise.all([
    row === null ? '' : description(town, bead, row.descriptionSeq),
    packetOn(town, effectId, mergeRequest, results),
  ])
  const assignment = {
    ...own,
    gate,
    bead,
    title: row?.title ?? bead,
    description: text,
    target,
    worktree,
    base,
    commit,
    instructions: ask.review.instructions,
    packet,
    mark: uuidOf(`${town.townId} ${effectId} mark`).slice(0, 13),
  }
  return { orders: reviewOrders(assignment), rules }
}

/** The same UUID for the same text (version 8: of our own making). */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
