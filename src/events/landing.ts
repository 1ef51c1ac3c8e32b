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
import { landingSpec, MERGE_METHODS, RESOLVES } from './landing-settings.ts'
import { reviewSpec } from './review.ts'

const work = { bead: beadId, sandbox: address, agent: address, branch: line, head: objectName }

/** Lines that what landed adds and takes away; absent where nobody counted them. */
const lines = z.strictObject({ added: count, removed: count }).optional()

const tested = z.strictObject({ commit: objectName, tree: objectName })
/** It conflicted with what it was built on: what settled that, in which files. */
const resolved = z.strictObject({
  by: z.enum(RESOLVES),
  files: z.array(line).max(200),
  /** Name and version of the program that did it, as it says itself. */
  tool: line.optional(),
})
export type Resolved = z.infer<typeof resolved>
export const resolve = z.array(z.enum(RESOLVES)).max(RESOLVES.length)
export const gateSpec = z.strictObject({
  name: line,
  command,
  timeoutMs: count,
  /** What it is, in its owner's word: lint, build, test, … */
  kind: line.exactOptional(),
  /** false: its red stops nothing. */
  required: z.boolean().exactOptional(),
  /** It runs when one of the paths that change fits one of these. */
  paths: z.array(line).max(50).exactOptional(),
  parallel: z.boolean().exactOptional(),
  /** It waits for these alone. */
  after: z.array(line).max(20).exactOptional(),
  /** Bytes of its output that are kept. */
  outputMax: count.exactOptional(),
  /** Where it writes JUnit reports. */
  junit: line.exactOptional(),
})
export const setupSpec = z.strictObject({ command, timeoutMs: count, inputs: z.array(line).max(100) })
/** What is to be taken back: a request that has landed, from the commit it was built upon to its own. */
const landedRequest = z.strictObject({
  mergeRequest: address,
  bead: beadId,
  base: objectName,
  commit: objectName,
})
export type LandedRequest = z.infer<typeof landedRequest>
const reverts = z.array(landedRequest).min(1).max(50)
/** What is taken back instead of landing a branch, and why. */
export const takingBack = z.strictObject({
  of: z.array(z.strictObject({ base: objectName, commit: objectName, bead: beadId })).max(50),
  reason: line,
})

const approvalSpec = z.strictObject({
  name: line,
  again: z.boolean(),
  /** Passed by an agent that reviews, instead of a person. */
  review: reviewSpec.optional(),
  /** false: its no stops nothing. */
  required: z.boolean().optional(),
})
export type ApprovalSpec = z.infer<typeof approvalSpec>

export const witnessMessages = [
  /** From a sandbox: the agent said `gt done`. */
  named('POLECAT_DONE', { ...work, worktree: line, attempt: count, epic: beadId.exactOptional() }),
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
  /** From the Refinery: a person said that it does not land. */
  named('MERGE_REJECTED', { ...work, mergeRequest: address, reason: line }),
  /** From a sandbox: its session died before it was done. */
  named('SESSION_DIED', {
    bead: beadId,
    sandbox: address,
    agent: address,
    reason: line,
    ending: z.enum(['exited', 'killed', 'notStarted', 'lost']).exactOptional(),
  }),
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
    /** Gates that a person or a reviewer passes, one after the other. `again`: for each tree anew, not once for what was submitted. */
    approvals: z.array(approvalSpec).max(10).optional(),
    /** By which commits, and through what; absent: one commit, pushed. */
    landing: landingSpec.optional(),
    /** Requests that are tested and landed together at most; one when it is absent. */
    batch: count.optional(),
    /** How long the first to come waits for others; not at all when it is absent. */
    batchWaitSeconds: count.optional(),
    /** How requests are lined up; absent: as they came. */
    order: z.enum(['score', 'fifo']).optional(),
    /** The next stack is built and tested while one is; not when it is absent. */
    ahead: z.boolean().optional(),
    /** What is tried when work conflicts, in this order; absent: nothing. */
    resolve: resolve.optional(),
    /** Red runs once more before it is believed, also of one that is alone; absent: where requests are stacked. */
    twice: z.boolean().optional(),
    /** Of an integration branch: it lands by itself when nothing stands in the way any more. */
    autoLand: z.boolean().optional(),
  }),
  /** From a person: nothing lands on the target until it is thawed. */
  named('refinery.freeze', { reason: line }),
  named('refinery.thaw'),
  /** From a bead: whether a person labelled it `fixes-target`. */
  named('refinery.fixes', { bead: beadId, fixes: z.boolean() }),
  /**
   * From a bead whose work is with the Refinery, or comes there: what its turn depends on. `needs`: beads that are not
   * closed. Takes the place of what it said before.
   */
  named('refinery.bead', { bead: beadId, priority: count, needs: z.array(beadId).max(200) }),
  /** From a person: it does not land. */
  named('refinery.reject', { mergeRequest: address, reason: line }),
  /** From a person: takes back what has landed, in one request of its own, which `bead` was made for. */
  named('refinery.revert', { bead: beadId, of: reverts, reason: line }),
  /** From a person: test the red target now, also when it has not moved. */
  named('refinery.retest'),
  /** From the Witness; with a `method`: from an integration branch, which is handed in as a whole. */
  named('MERGE_READY', { ...work, attempt: count, method: z.enum(MERGE_METHODS).exactOptional() }),
  named('merge.built', {
    mergeRequest: address,
    commit: objectName,
    tree: objectName,
    base: objectName,
    /** Of what is taken back: the commit that was made to be merged. */
    head: objectName.optional(),
    resolved: resolved.optional(),
  }),
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
  named('target.advanced', {
    mergeRequest: address,
    head: objectName,
    patchId: line,
    proof: line,
    lines,
    /** Of a push of several: each of them, the one above too, in the order in which they stand. */
    parts: z
      .array(z.strictObject({ mergeRequest: address, patchId: line, proof: line, lines }))
      .max(50)
      .optional(),
    /** What the target has of it, where that is another commit than the one that was built. */
    merged: z.strictObject({ commit: objectName, tree: objectName }).optional(),
  }),
  named('target.moved', { mergeRequest: address, head: objectName }),
  named('target.dirty', { mergeRequest: address, path: line, files: z.array(line).max(50) }),
  named('target.refused', { mergeRequest: address, ...failure }),
  /** From a person: try again now what waits. */
  named('refinery.retry'),
] as const

export const refineryFacts = [
  named('RefineryConfigured', {
    rig: rigName,
    target: line,
    gates: z.array(line),
    ungated: z.boolean(),
    order: z.enum(['score', 'fifo']).optional(),
  }),
  named('TargetAdvanced', {
    rig: rigName,
    target: line,
    from: objectName,
    to: objectName,
    mergeRequest: address,
    /** All that landed with one push, when it was more than one, in the order in which they stand. */
    mergeRequests: z.array(address).max(50).optional(),
  }),
  /** Requests that are built one upon the other are tested and landed together. */
  named('BatchBegan', {
    rig: rigName,
    target: line,
    base: objectName,
    /** Of the highest. */
    commit: objectName,
    tree: objectName,
    mergeRequests: z.array(address).max(50),
    beads: z.array(beadId).max(50),
  }),
  /** A stack is red: `good` have passed together, the fault is among `suspects`; `testing`, from below, are run next. */
  named('BatchNarrowed', {
    rig: rigName,
    target: line,
    good: z.array(address).max(50),
    suspects: z.array(address).max(50),
    testing: z.array(address).max(50),
  }),
  /** Of a stack of `of`: `green` has passed, and `commit` upon it has not. */
  named('CulpritFound', {
    rig: rigName,
    mergeRequest: address,
    bead: beadId,
    gate: line,
    commit: objectName,
    tree: objectName,
    green: objectName,
    of: count,
  }),
  /** Red, and then green on the same tree. */
  named('GateFlaky', {
    rig: rigName,
    gate: line,
    commit: objectName,
    tree: objectName,
    first: gateResult,
    second: gateResult,
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
  /** What `mergeRequest` landed is out of the target again, by the request `by`, which landed as `as`. */
  named('MergeReverted', {
    rig: rigName,
    mergeRequest: address,
    bead: beadId,
    commit: objectName,
    by: address,
    as: objectName,
    reason: line,
  }),
  /** What is to be taken back does not come out by itself: `bead` is open for somebody to do it. */
  named('RevertFailed', {
    rig: rigName,
    mergeRequest: address,
    bead: beadId,
    beads: z.array(beadId),
    files: z.array(line).max(200),
    message: line,
  }),
  named('TargetNotTested', { rig: rigName, target: line, ...failure }),
] as const

export const mergeRequestMessages = [
  named('mr.submit', {
    ...work,
    rig: rigName,
    target: line,
    attempt: count,
    /** It takes these back, and has no branch; `agent` asked for it. */
    reverts: reverts.optional(),
    reason: line.optional(),
  }),
  named('mr.build'),
  named('mr.test', {
    commit: objectName,
    tree: objectName,
    base: objectName,
    resolved: resolved.optional(),
  }),
  /** `tested`: the commit above it on which they ran; absent when they ran on its own tree. */
  named('mr.push', { results: z.array(gateResult).max(60), tested: tested.optional() }),
  /** Its push, which was put off, is made now. */
  named('mr.resume'),
  named('mr.wait', failure),
  named('mr.requeue', { reason: line }),
  named('mr.reject', { reason: line }),
  /** Another submission of the same bead stands in its place. */
  named('mr.supersede', { by: address }),
  named('mr.conflict', { files: z.array(line).max(200) }),
  named('mr.fail', { gate: line, results: z.array(gateResult).max(60), message: line }),
  named('mr.land', { commit: objectName, tree: objectName, patchId: line, proof: line, lines }),
] as const

export const mergeRequestFacts = [
  named('MergeRequested', {
    mergeRequest: address,
    rig: rigName,
    target: line,
    ...work,
    attempt: count,
    reverts: reverts.optional(),
    reason: line.optional(),
  }),
  named('MergeRejected', { mergeRequest: address, bead: beadId, agent: address, reason: line }),
  named('MergeSuperseded', { mergeRequest: address, bead: beadId, by: address }),
  named('MergeBuilding', { mergeRequest: address, bead: beadId }),
  named('MergeTesting', {
    mergeRequest: address,
    bead: beadId,
    commit: objectName,
    tree: objectName,
    base: objectName,
    resolved: resolved.optional(),
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
      /** The commit above it, with its tree, on which the gates ran; absent when they ran on its own tree. */
      tested: tested.optional(),
      resolved: resolved.optional(),
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
      /** Built upon this commit of a stack, which the Refinery's repository has, instead of on the target. */
      onto: objectName.optional(),
      /** Absent: one commit. */
      method: z.enum(MERGE_METHODS).optional(),
      /** Takes these back instead of landing a branch. */
      revert: takingBack.optional(),
      /** What is tried where it conflicts. */
      resolve: resolve.optional(),
      /** Time of the commit, as it was built ahead; absent: that of this being asked. */
      date: line.optional(),
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
      /** Commit of the target that it would land on: what changes from there says which gates apply. Absent: all do. */
      base: objectName.optional(),
      /** What was red runs once more: is it red again? */
      again: z.boolean().optional(),
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
    params: z.strictObject({
      ...merge,
      base: objectName,
      commit: objectName,
      head: objectName,
      /** Several that are built one upon the other, the lowest first; the last is `commit`. */
      parts: z
        .array(z.strictObject({ mergeRequest: address, commit: objectName, head: objectName }))
        .max(50)
        .optional(),
    }),
    settle: 'probe',
    deadlineMs: 10 * 60_000,
  }),
}
