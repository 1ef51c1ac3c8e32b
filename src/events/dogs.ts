// The dogs: chores that are done for the Deacon, one at a time each, and what comes of them.

import { z } from 'zod'
import { address, beadId, count, effect, failure, line, named, objectName, rigName } from './define.ts'
import { JUDGEMENT_WAIT_MS_MAX } from './dog-settings.ts'
import { answerUsage } from './hearing.ts'

/** What is cleaned: all that is old by itself, or what a person wants emptied. */
const clean = {
  /** `trash`: nothing but that, and the ignored files that are kept of it too. */
  what: z.enum(['all', 'trash']),
  /** Instead of the settings; null: as set. */
  olderThanMs: count.nullable(),
}

/** A question that code cannot decide. */
const question = {
  /** Named by whoever asks; the answer has it. */
  judgement: line,
  asker: address,
  /** Whom it is about. */
  about: address,
  rig: rigName.nullable(),
  bead: beadId.nullable(),
  /** Which anomaly it is. */
  code: line,
  question: line,
  choices: z.array(z.string().min(1).max(64)).min(2).max(6),
  /** One of them: what is done without an answer. */
  safe: z.string().min(1).max(64),
  evidence: z.array(line).max(20),
  /** Whose screen is shown beside it; null: nobody's. */
  session: address.nullable(),
}

const choreId = line
export const chore = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('clean'), id: choreId, ...clean }),
  z.strictObject({ kind: z.literal('judge'), id: choreId, waitMs: count, ...question }),
])
export type Chore = z.infer<typeof chore>
export type ChoreOf<K extends Chore['kind']> = Extract<Chore, { kind: K }>

/** Most names that one record has of what was taken away. */
export const REAPED_MAX = 200

const ref = z.strictObject({ ref: line, commit: objectName })

/** What was taken away, each with its proof. `more`: there is more of it than one chore takes. */
const cleaned = {
  recordings: z.strictObject({
    sessions: z.array(address).max(REAPED_MAX),
    bytes: count,
    /** Until when they can be brought back; null when there are none. */
    until: line.nullable(),
  }),
  /** Recordings that were taken away earlier, and cannot be brought back any more. */
  gone: z.strictObject({ count, bytes: count }),
  trash: z
    .array(
      z.strictObject({
        rig: rigName,
        entries: z.array(z.strictObject({ sandbox: address, refs: z.array(ref).max(10) })).max(REAPED_MAX),
        /** Bytes of ignored files. */
        bytes: count,
        /** What nobody can prove to be in the target, and stays. */
        stays: z.array(z.strictObject({ sandbox: address, why: line })).max(REAPED_MAX),
        /** Notes of how conflicts were settled, of work that nobody has any more. */
        notes: count,
      }),
    )
    .max(200),
  /** Until the next thing is old; null: nothing is left that will be. */
  nextMs: count.nullable(),
}

export const kennelMessages = [
  /** To the Deacon: nothing is left behind any more that will be old. */
  named('deacon.tidy'),
  /** From the Deacon: something was left behind that will be old one day. */
  named('kennel.aging'),
  /** Together with town.set. */
  named('kennel.set', { key: line, value: z.json() }),
  /** From a person. `chore` names it in what comes of it. */
  named('kennel.clean', { chore: choreId, ...clean }),
  /** From a person: a recording is where it was again. */
  named('kennel.recalled', { session: address }),
  /** From a dog. `usd`: what it has cost, null when nobody knows. */
  named('kennel.done', {
    dog: line,
    chore: choreId,
    ok: z.boolean(),
    reason: line,
    nextMs: count.nullable(),
    usd: z.number().nonnegative().nullable(),
  }),
  /** From whoever cannot decide; it is told `judgement.given`. */
  named('judgement.ask', question),
] as const

/** For whoever asked. `by` says whether a model chose, or nobody did. */
const given = {
  judgement: line,
  choice: line,
  by: z.enum(['model', 'safe']),
  /** What the model says of it; or why it is the safe one. */
  why: line,
}

export const dogMessages = [
  named('dog.do', { chore }),
  named('chore.cleaned', cleaned),
  named('chore.notDone', failure),
  /** `choice` is null when nothing came that is one of the choices. */
  named('chore.judged', {
    choice: line.nullable(),
    why: line,
    runtime: line,
    usage: z.array(answerUsage).max(20),
    /** The last lines of the screen that were shown to it. */
    seen: z.string().max(8_000),
  }),
  named('judgement.given', given),
  /** To a Witness: whether a model may be asked. Together with town.set, and when a rig is added. */
  named('witness.judge', { on: z.boolean() }),
] as const

const whose = { dog: line, chore: choreId, kind: z.enum(['clean', 'judge']) }

export const dogFacts = [
  named('ChoreBegun', whose),
  named('ChoreDone', whose),
  /** `n`: of how many tries it is. `againMs`: until the next; null when there is none. */
  named('ChoreFailed', { ...whose, ...failure, n: count, againMs: count.nullable() }),
  named('RecordingsReaped', { count, ...cleaned.recordings.shape }),
  named('RecordingsGone', { count, bytes: count }),
  named('RecordingRecalled', { session: address }),
  named('TrashReaped', { chore: choreId, count, ...cleaned.trash.element.shape }),
  /** `seen`: the last lines of a screen that the model was shown. */
  named('JudgementGiven', {
    ...given,
    asker: address,
    about: address,
    rig: rigName.nullable(),
    bead: beadId.nullable(),
    code: line,
    question: line,
    choices: z.array(line).max(6),
    evidence: z.array(line).max(20),
    seen: z.string().max(8_000),
    /** Calls of a model, what they took, and what that cost: null when nobody knows. */
    calls: count,
    tokens: count,
    costUsd: z.number().nonnegative().nullable(),
  }),
] as const

export const dogEffects = {
  /** Takes away what is old and proved not to be missed. */
  'chore.clean': effect({
    params: z.strictObject(clean),
    settle: 'repeatable',
    deadlineMs: 30 * 60_000,
  }),
  /** Asks a model once. Asked again after a crash it would cost twice, so that it is not. */
  'chore.judge': effect({
    params: z.strictObject({ waitMs: count, ...question }),
    settle: 'once',
    deadlineMs: JUDGEMENT_WAIT_MS_MAX + 60_000,
  }),
}
