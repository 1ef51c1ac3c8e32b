// What is heard of an agent at work: where it stands, what it does, what it uses.
//
// Owns:      the words every runtime's hooks, transcripts and screens are put into (src/pty/presets does that).
// Does not:  say what follows from them: src/actors/session/standing.ts does.

import { z } from 'zod'
import { address, beadId, count, line, named, rigName } from './define.ts'

/** The states of a session that has begun and has not ended. */
export const STANDINGS = [
  /** Its program runs and has not said that it takes input. */
  'starting',
  /** Takes input; has had no turn yet. */
  'ready',
  'thinking',
  'runningTool',
  /** A decision is open; nothing goes on before it is answered or its time is over. */
  'waitingForPermission',
  /** Asked something else of a person: a question, a plan, a dialog. */
  'waitingForPerson',
  /** The provider's limit; `until` says until when, null when nobody said. */
  'limited',
  'compacting',
  /** Its last turn is over. */
  'idle',
  /** Goes on no more by itself; `reason` begins with the name of what it is stuck in. */
  'stuck',
] as const

export const standing = z.strictObject({
  state: z.enum(STANDINGS),
  /** ISO time. */
  since: line,
  /** One short sentence, or empty. */
  reason: line,
  /** The tool that runs or is asked for. */
  tool: line.nullable(),
  /** ISO time at which it goes on by itself. */
  until: line.nullable(),
})
export type Standing = z.infer<typeof standing>

/** Best first: what a hook said is not overruled by what a screen looks like. */
const via = z.enum(['hook', 'call', 'transcript', 'screen'])

const heardOf = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.strictObject({ kind: z.literal(kind), via, ...shape })

export const heard = z.discriminatedUnion('kind', [
  /** It takes input. `runtimeSession` is the id by which the runtime resumes it. */
  heardOf('ready', {
    runtimeSession: line.nullable(),
    transcript: line.nullable(),
    model: line.nullable(),
    source: z.enum(['startup', 'resume', 'fork', 'clear', 'compact']),
  }),
  /** A prompt was accepted, and a turn begins. `nudge` when the prompt names one of ours. */
  heardOf('turnStarted', { nudge: line.nullable() }),
  /** `background`: what still runs for it and may begin a turn by itself. */
  heardOf('turnEnded', { background: count }),
  /** The turn ended because of an error: the runtime's own word for it (`rate_limit`), or `context_full`. */
  heardOf('turnFailed', { error: line, message: line }),
  /** Stopped by a key; the runtime fires no hook for it. */
  heardOf('interrupted', {}),
  heardOf('toolStarted', { tool: line }),
  heardOf('toolEnded', { tool: line, failed: z.boolean() }),
  heardOf('toolDenied', { tool: line }),
  /** A dialog stands open. `tool` may be empty when only the screen says so. */
  heardOf('asks', { what: z.enum(['permission', 'question', 'plan', 'other']), tool: line, message: line }),
  heardOf('compacting', { trigger: z.enum(['manual', 'auto']) }),
  heardOf('compacted', {}),
  heardOf('subagentEnded', {}),
  heardOf('limited', { until: line.nullable(), message: line }),
  /** The screen shows an empty composer and nothing under way. */
  heardOf('looksIdle', {}),
  /** The screen shows that something is under way. */
  heardOf('looksBusy', {}),
  /** `name`: `loggedOut`, `trustDialog`, `settingsDialog`, `apiError`, `contextFull`, … */
  heardOf('stuck', { name: line, message: line }),
  /** The runtime says that it ends. */
  heardOf('ends', { reason: line }),
])
export type Heard = z.infer<typeof heard>

/** Activity since the last record of it: folded in memory, recorded at most once in 30 s. */
export const activity = z.strictObject({
  turns: count,
  tools: count,
  failedTools: count,
  /** Calls by name of tool, the twenty most frequent. */
  byTool: z.record(z.string(), count),
  lastTool: line.nullable(),
})
export type Activity = z.infer<typeof activity>

/** Tokens of one model. Unknown money is null, never 0. */
export const usage = z.strictObject({
  model: line,
  input: count,
  output: count,
  cacheRead: count,
  cacheWrite: count,
  /** As the runtime or the price table says; null when neither knows. */
  costUsd: z.number().nonnegative().nullable(),
  /** Requests to the model. */
  requests: count,
})
export type Usage = z.infer<typeof usage>

/** The same of one answer that a model was asked for. */
export const answerUsage = usage.extend({ model: z.string().min(1).max(200) })

/** To a session. */
export const hearingMessages = [
  /** At once: it changes where the session stands. `activity` is what was folded until then. */
  named('session.heard', { heard, activity: activity.nullable() }),
  /** Folded: where it stands now, and what it did since the last record. */
  named('session.active', { standing, activity }),
  /**
   * Usage read from a transcript up to `upTo` (bytes, or the runtime's own mark); never twice the same mark. `source`
   * names a further transcript of the conversation, a subagent's: each has marks of its own.
   */
  named('session.used', {
    source: z.string().min(1).max(200).optional(),
    from: line,
    upTo: line,
    usage: z.array(usage).min(1).max(50),
  }),
] as const

const whose = { session: address, agent: address, bead: beadId.nullable() }

export const hearingFacts = [
  /** The runtime's own id of the conversation, by which it is resumed. */
  named('RuntimeSessionKnown', {
    ...whose,
    runtime: line,
    runtimeSession: line,
    transcript: line.nullable(),
    model: line.nullable(),
  }),
  named('AgentStands', { ...whose, standing }),
  named('AgentActive', { ...whose, activity }),
  named('TurnStarted', { ...whose, nudge: line.nullable() }),
  named('TurnEnded', { ...whose, how: z.enum(['ended', 'failed', 'interrupted']), reason: line }),
  named('ContextCompacted', whose),
  named('TokensUsed', { ...whose, rig: rigName.nullable(), role: line, runtime: line, ...usage.shape }),
] as const
