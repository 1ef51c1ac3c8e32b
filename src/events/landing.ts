// Witness, Refinery and merge requests: from submitted work to a target that has it.

import { z } from 'zod'
import {
  address,
  beadId,
  command,
  count,
  effect,
  failure,
  gateResult,
  line,
  named,
  objectName,
  remote,
  rigName,
} from './define.ts'

const work = { bead: beadId, sandbox: address, agent: address, branch: line, head: objectName }

/** Lines that what landed adds and takes away; absent where nobody counted them. */
const lines = z.strictObject({ added: count, removed: count }).optional()

const gateSpec = z.strictObject({ name: line, command, timeoutMs: count })
const setupSpec = z.strictObject({ command, timeoutMs: count, inputs: z.array(line).max(100) })
const approvalSpec = z.strictObject({ name: line, again: z.boolean() })
export type ApprovalSpec = z.infer<typeof approvalSpec>

export const witnessMessages = [
  /** From a sandbox: the agent said `gt done`. */
  named('POLECAT_DONE', { ...work, worktree: line, attempt: count }),
  named('worktree.verified', { sandbox: address, head: objectName, dirty: z.array(line), commits: count }),
  named('worktree.notVerified', { sandbox: address, ...failure }),
  /** From the Refinery. */
  named('MERGED', { ...work, mergeRequest: address, commit: objectName }),
  named('MERGE_FAILED', {
    ...work,
    mergeRequest: address,
    gate: line,
    logTail: z.string().max(20_000),
    attempts: count,
    /** No further attempt: a person decides. */
    last: z.boolean(),
  }),
  named('REWORK_REQUEST', {
    ...work,
    mergeRequest: address,
    conflictFiles: z.array(line).max(200),
    note: line,
    attempts: count,
    last: z.boolean(),
  }),
  /** From a sandbox: its session died before it was done. */
  named('SESSION_DIED', { bead: beadId, sandbox: address, agent: address, reason: line }),
] as const

export const witnessFacts = [
  named('WorkVerified', { bead: beadId, agent: address, head: objectName }),
  named('WorkNotVerified', { bead: beadId, agent: address, ...failure }),
] as const

export const refineryMessages = [
  /** From the rig: how it lands. Replaces what was set before. */
  named('refinery.configure', {
    remote,
    target: line,
    gates: z.array(gateSpec).max(50),
    setup: setupSpec.nullable(),
    /** Lands without any gate; only when the rig's owner said so. */
    ungated: z.boolean(),
    attemptsMax: count,
    /** Gates that a person passes, one after the other. `again`: for each tree anew, not once for what was submitted. */
    approvals: z.array(approvalSpec).max(10).optional(),
  }),
  /** From a person: nothing lands on the target until it is thawed. */
  named('refinery.freeze', { reason: line }),
  named('refinery.thaw'),
  /** From a bead: whether a person labelled it `fixes-target`. */
  named('refinery.fixes', { bead: beadId, fixes: z.boolean() }),
  /** From a person: test the red target now, also when it has not moved. */
  named('refinery.retest'),
  /** From the Witness. */
  named('MERGE_READY', { ...work, attempt: count }),
  named('merge.built', { mergeRequest: address, commit: objectName, tree: objectName, base: objectName }),
  named('merge.conflicted', { mergeRequest: address, base: objectName, files: z.array(line).max(200) }),
  named('merge.empty', { mergeRequest: address, base: objectName }),
  named('merge.notBuilt', { mergeRequest: address, ...failure }),
  /** `mergeRequest` null: of a commit of the target itself. */
  named('gates.ran', {
    mergeRequest: address.nullable(),
    tree: objectName,
    results: z.array(gateResult).max(60),
  }),
  named('gates.notRun', { mergeRequest: address.nullable(), ...failure }),
  named('target.seen', { head: objectName }),
  named('target.notSeen', failure),
  named('target.advanced', { mergeRequest: address, head: objectName, patchId: line, proof: line, lines }),
  named('target.moved', { mergeRequest: address, head: objectName }),
  named('target.dirty', { mergeRequest: address, path: line, files: z.array(line).max(50) }),
  named('target.refused', { mergeRequest: address, ...failure }),
  /** From a person: try again now what waits. */
  named('refinery.retry'),
] as const

export const refineryFacts = [
  named('RefineryConfigured', { rig: rigName, target: line, gates: z.array(line), ungated: z.boolean() }),
  named('TargetAdvanced', {
    rig: rigName,
    target: line,
    from: objectName,
    to: objectName,
    mergeRequest: address,
  }),
  /** The queue stands still, with a code: RIG_HAS_NO_GATE, TARGET_CHECKED_OUT_DIRTY, TARGET_REFUSED, ... */
  named('LandingWaits', { rig: rigName, mergeRequest: address, bead: beadId, ...failure }),
  named('LandingResumed', { rig: rigName }),
  named('TargetFrozen', { rig: rigName, target: line, reason: line }),
  named('TargetThawed', { rig: rigName, target: line }),
  /** Its gates fail on the target itself. `first`: the first commit seen so, `green`: the last one that passed. */
  named('TargetRed', {
    rig: rigName,
    target: line,
    gate: line,
    commit: objectName,
    first: objectName,
    green: objectName.nullable(),
    message: line,
  }),
  /** It is red no more. `commit`: the one that passed; null when `reason` is another. */
  named('TargetMended', { rig: rigName, target: line, commit: objectName.nullable(), reason: line }),
  named('TargetNotTested', { rig: rigName, target: line, ...failure }),
] as const

export const mergeRequestMessages = [
  named('mr.submit', { ...work, rig: rigName, target: line, attempt: count }),
  named('mr.build'),
  named('mr.test', { commit: objectName, tree: objectName, base: objectName }),
  named('mr.push', { results: z.array(gateResult).max(60) }),
  /** Its push, which was put off, is made now. */
  named('mr.resume'),
  named('mr.wait', failure),
  named('mr.requeue', { reason: line }),
  named('mr.conflict', { files: z.array(line).max(200) }),
  named('mr.fail', { gate: line, results: z.array(gateResult).max(60), message: line }),
  named('mr.land', { commit: objectName, tree: objectName, patchId: line, proof: line, lines }),
] as const

export const mergeRequestFacts = [
  named('MergeRequested', { mergeRequest: address, rig: rigName, target: line, ...work, attempt: count }),
  named('MergeBuilding', { mergeRequest: address, bead: beadId }),
  named('MergeTesting', {
    mergeRequest: address,
    bead: beadId,
    commit: objectName,
    tree: objectName,
    base: objectName,
  }),
  named('MergeLanding', { mergeRequest: address, bead: beadId, results: z.array(gateResult) }),
  named('MergeWaiting', { mergeRequest: address, bead: beadId, ...failure }),
  named('MergeRequeued', { mergeRequest: address, bead: beadId, reason: line }),
  named('MergeConflicted', { mergeRequest: address, bead: beadId, agent: address, files: z.array(line) }),
  named('MergeFailed', {
    mergeRequest: address,
    bead: beadId,
    agent: address,
    gate: line,
    message: line,
    results: z.array(gateResult),
  }),
  named('MergeLanded', {
    mergeRequest: address,
    bead: beadId,
    agent: address,
    attempts: count,
    receipt: z.strictObject({
      commit: objectName,
      tree: objectName,
      base: objectName,
      gates: z.array(gateResult),
      patchProof: line,
      patchId: line,
      landedAt: line,
      lines,
    }),
  }),
] as const

const merge = { rig: rigName, mergeRequest: address, remote, target: line }

export const landingEffects = {
  'worktree.verify': effect({
    params: z.strictObject({ rig: rigName, sandbox: address, path: line, branch: line, head: objectName }),
    settle: 'repeatable',
    deadlineMs: 5 * 60_000,
  }),
  'merge.build': effect({
    params: z.strictObject({
      ...merge,
      bead: beadId,
      agent: address,
      branch: line,
      head: objectName,
      attempt: count,
    }),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  'gates.run': effect({
    params: z.strictObject({
      rig: rigName,
      /** null: `commit` is one of the target itself. */
      mergeRequest: address.nullable(),
      commit: objectName,
      gates: z.array(gateSpec),
      setup: setupSpec.nullable(),
    }),
    settle: 'repeatable',
    deadlineMs: 6 * 60 * 60_000,
  }),
  /** Fetches the target, and says where it stands. */
  'target.look': effect({
    params: z.strictObject({ rig: rigName, remote, target: line }),
    settle: 'repeatable',
    deadlineMs: 10 * 60_000,
  }),
  'target.push': effect({
    params: z.strictObject({ ...merge, base: objectName, commit: objectName, head: objectName }),
    settle: 'probe',
    deadlineMs: 10 * 60_000,
  }),
}
