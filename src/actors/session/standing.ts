// Where an agent stands, from what is heard of it.
//
// Owns:      the order of evidence: hooks and the agent's own calls, then transcripts, then screens.
// Does not:  know a runtime's words (src/pty/presets), or keep anything (the session's context does).
// Always:    what is heard of itself never throws, and gives one of the states there are.
//
//   A screen says what no hook can: idle after an interrupt or a refused dialog, an open dialog, a limit, a
//   compaction, what it is stuck in, and all of a program without hooks. It is read a second after the last output, so
//   a word younger than that is never turned around by it.

import type { Heard, Standing } from '../../events/hearing.ts'

type State = Standing['state']

/** A hook's word stands against any screen for so long, ms. */
export const FRESH_MS = 2_000

/** Why an agent is idle that may begin a turn by itself. */
const IN_BACKGROUND = 'something still runs for it in the background'
const ASKED_TO_COMPACT = 'it was asked to compact'
const CONTEXT_FULL = 'its context is full'
/** Names of what it is stuck in that only the next turn ends, begin so. */
const API_ERROR = 'apiError'
const FULL = 'contextFull'

const standsSince = (
  at: string,
  state: State,
  more: Partial<Omit<Standing, 'state' | 'since'>> = {},
): Standing => ({
  state,
  since: at,
  reason: cut(more.reason ?? ''),
  tool: more.tool === undefined || more.tool === null ? null : cut(more.tool),
  until: more.until ?? null,
})

/** How a session begins: its program is asked for. */
export const beginning = (at: string): Standing => standsSince(at, 'starting')

/** A program without hooks and without a screen that anybody reads. */
export const withoutHooks = (at: string): Standing =>
  standsSince(at, 'thinking', { reason: 'its program runs and has no hooks' })

/** A decision is open: nothing goes on before it is answered. */
export const waitsFor = (kind: 'permission' | 'question' | 'plan', tool: string, at: string): Standing =>
  standsSince(at, kind === 'permission' ? 'waitingForPermission' : 'waitingForPerson', {
    tool,
  })

export const goesOn = (at: string): Standing => standsSince(at, 'thinking')

/** A turn is under way, whether it goes on or waits. */
export const inTurn = (standing: Standing): boolean =>
  works(standing) || waits(standing) || standing.state === 'compacting'

/** When its context is full: about to be compacted, or so that no turn begins any more. */
export function contextIsFull({ state, reason }: Standing): 'compact' | 'full' | null {
  if (state === 'compacting' && reason === CONTEXT_FULL) return 'compact'
  return state === 'stuck' && reason.startsWith(FULL) ? 'full' : null
}

export const waits = ({ state }: Standing): boolean =>
  state === 'waitingForPermission' || state === 'waitingForPerson'

const works = ({ state }: Standing): boolean => state === 'thinking' || state === 'runningTool'

/** Whether both say the same but for the time since when. */
export const sameStanding = (left: Standing, right: Standing): boolean =>
  left.state === right.state &&
  left.reason === right.reason &&
  left.tool === right.tool &&
  left.until === right.until

/**
 * Where it stands when `heard` has been heard at `at` (ISO time). `since` stays as it was when nothing else changed.
 * `asking`: a decision of ours is open; then what tools that run beside it do changes nothing.
 */
export function stand(before: Standing, heard: Heard, at: string, asking = false): Standing {
  const after = heard.via === 'screen' ? onScreen(before, heard, at) : said(before, heard, at, asking)
  return sameStanding(before, after) ? before : after
}

/** Whether it is folded: what it does from one moment to the next, and not a change of where it stands. */
export function isActivity(before: Standing, heard: Heard): boolean {
  switch (heard.kind) {
    case 'toolStarted':
    case 'toolEnded':
    case 'toolDenied':
    case 'subagentEnded':
      return works(before) || stand(before, heard, before.since).state === before.state
    default:
      return false
  }
}

/** Whether a screen was not believed only because it may be older than the last word. */
export const isTooSoon = (before: Standing, heard: Heard, at: string): boolean =>
  heard.via === 'screen' &&
  isFresh(before, at) &&
  !sameStanding(before, onScreen({ ...before, since: new Date(0).toISOString() }, heard, at))

function said(before: Standing, heard: Heard, at: string, asking: boolean): Standing {
  switch (heard.kind) {
    case 'ready':
      return ready(before, heard.source, at)
    case 'turnStarted':
      // A transcript is read later than what it tells.
      if (heard.via === 'transcript' && before.state !== 'ready' && before.state !== 'starting') return before
      return standsSince(at, 'thinking')
    case 'turnEnded':
      return standsSince(at, 'idle', { reason: heard.background > 0 ? IN_BACKGROUND : '' })
    case 'turnFailed':
      return failed(heard.error, heard.message, at)
    case 'interrupted':
      return before.state === 'idle' ? before : standsSince(at, 'idle', { reason: 'interrupted' })
    case 'toolStarted':
      if (waits(before) || restsBeside(before)) return before
      return standsSince(at, 'runningTool', { tool: heard.tool })
    case 'toolEnded':
    case 'toolDenied':
      return afterTool(before, heard.tool, at, asking)
    case 'asks':
      return asks(before, heard, at)
    case 'compacting':
      return standsSince(at, 'compacting', {
        reason: heard.trigger === 'manual' ? ASKED_TO_COMPACT : CONTEXT_FULL,
      })
    case 'compacted':
      if (before.state !== 'compacting') return before
      return standsSince(at, before.reason === ASKED_TO_COMPACT ? 'idle' : 'thinking')
    case 'limited':
      return limited(before, heard, at)
    case 'stuck':
      return standsSince(at, 'stuck', { reason: `${heard.name}: ${heard.message}` })
    // Some runtimes say after a while that they wait.
    case 'looksIdle':
      return waits(before) ? before : looksIdle(before, at)
    case 'looksBusy':
    case 'subagentEnded':
    case 'ends':
      return before
  }
}

function ready(before: Standing, source: Extract<Heard, { kind: 'ready' }>['source'], at: string): Standing {
  if (source === 'compact') return before
  if (source === 'clear') return standsSince(at, 'ready')
  // Late news of its start says nothing about a turn that goes on.
  const { state } = before
  return state === 'starting' || state === 'stuck' || state === 'waitingForPerson'
    ? standsSince(at, 'ready')
    : before
}

function afterTool(before: Standing, tool: string, at: string, asking: boolean): Standing {
  if (waits(before)) {
    const isAnswered = before.tool === null || before.tool === '' || before.tool === cut(tool)
    return isAnswered && !asking ? standsSince(at, 'thinking') : before
  }
  if (restsBeside(before) || before.state === 'idle' || before.state === 'compacting') return before
  return before.state === 'thinking' ? before : standsSince(at, 'thinking')
}

/** Its turn is over, and what runs beside it uses tools. */
export const restsBeside = ({ state, reason }: Standing): boolean =>
  state === 'idle' && reason === IN_BACKGROUND

function asks(before: Standing, heard: Extract<Heard, { kind: 'asks' }>, at: string): Standing {
  const state = heard.what === 'permission' ? 'waitingForPermission' : 'waitingForPerson'
  // A screen, and a reminder, know less of a dialog than the hook that came with it.
  if ((heard.via === 'screen' || heard.tool === '') && waits(before)) return before
  return standsSince(at, state, { tool: heard.tool === '' ? null : heard.tool, reason: heard.message })
}

function limited(before: Standing, heard: Extract<Heard, { kind: 'limited' }>, at: string): Standing {
  const until = heard.until ?? (before.state === 'limited' ? before.until : null)
  return standsSince(at, 'limited', { until, reason: heard.message })
}

/** Errors after which it goes on when the provider lets it. */
const LIMITS = new Set(['rate_limit', 'usage_limit', 'usage_limit_reached', 'quota_exceeded'])

/** After which no turn begins any more. */
const CONTEXT_ERROR = 'context_full'

const failed = (error: string, message: string, at: string): Standing => {
  if (error === CONTEXT_ERROR) return standsSince(at, 'stuck', { reason: `${FULL}: ${message}` })
  const reason = message === '' ? error : `${error}: ${message}`
  return LIMITS.has(error)
    ? standsSince(at, 'limited', { reason })
    : standsSince(at, 'stuck', { reason: `${API_ERROR}: ${reason}` })
}

function onScreen(before: Standing, heard: Heard, at: string): Standing {
  if (heard.kind === 'ready') return before.state === 'starting' ? standsSince(at, 'ready') : before
  if (isFresh(before, at)) return before
  switch (heard.kind) {
    case 'looksIdle':
      return looksIdle(before, at)
    case 'looksBusy':
      // A compaction that failed, or that found nothing to compact, may be over without a word.
      return waits(before) || before.state === 'stuck' || contextIsFull(before) === 'compact'
        ? standsSince(at, 'thinking')
        : before
    case 'turnStarted':
      return works(before) ? before : standsSince(at, 'thinking')
    case 'turnEnded':
      return looksIdle(before, at)
    case 'interrupted':
      return works(before) || waits(before) ? standsSince(at, 'idle', { reason: 'interrupted' }) : before
    case 'asks':
      return asks(before, heard, at)
    case 'limited':
      return limited(before, heard, at)
    case 'compacting':
      return before.state === 'compacting' ? before : said(before, heard, at, false)
    case 'stuck':
      // Its hook said more of it.
      return heard.name === FULL && contextIsFull(before) === 'full' ? before : said(before, heard, at, false)
    default:
      return before
  }
}

function looksIdle(before: Standing, at: string): Standing {
  switch (before.state) {
    case 'starting':
      return standsSince(at, 'ready')
    case 'ready':
    case 'idle':
      return before
    case 'limited':
      // The composer stands there all the while; a limit of which nobody knows the end was one failed turn.
      return before.until !== null && Date.parse(before.until) > Date.parse(at)
        ? before
        : standsSince(at, 'idle', { reason: before.reason })
    case 'stuck':
      return before.reason.startsWith(API_ERROR) || contextIsFull(before) === 'full'
        ? before
        : standsSince(at, 'idle')
    default:
      return standsSince(at, 'idle')
  }
}

/** Times that cannot be read count as long ago. */
const isFresh = ({ since, state }: Standing, at: string): boolean =>
  state !== 'starting' && Date.parse(at) - Date.parse(since) < FRESH_MS

const CHARS_MAX = 1_000

/** One line that fits into a record. */
function cut(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  return line.length <= CHARS_MAX ? line : `${line.slice(0, CHARS_MAX - 1)}…`
}
