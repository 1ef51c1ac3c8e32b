// Typing a line into a program that has a screen: what to do next, from what the screen shows.
//
// Owns:      the steps: look, paste, see it stand there, press Enter; and what may never be done twice.
// Does not:  read a screen, write or wait (src/town/effects/nudges.ts), or know whether the line was taken (its nudge does).
// Always:    nothing is typed at a dialog, over a person's text, or while the program starts. Enter is pressed only while
//            the composer shows our line, once, and nothing else.
//
// Why a line is never doubled. A terminal's input is a queue: what was written first is read first. A paste that nobody
// saw come may still lie in it (the program is stopped, or hangs), for as long as it likes, and a second one behind it
// would make "AB" of two. Time proves nothing there. So after an unseen paste nothing of it is written again before the
// queue is known to be read up to that point; the proof is one visible character (PROBE) typed behind it:
//   - it stands alone in the composer: all that lay before it was read, and the paste is gone. It is taken back, and the
//     line is pasted again;
//   - it stands behind the line: the paste came after all. It is taken back, and Enter is pressed;
//   - it does not show either: the program does not read. Nothing more is known, so nothing more is done.
// A probe that was left in the queue by an earlier look is read in the same way. And because Enter waits for the whole
// line to be seen, no Enter ever lies in the queue behind a paste that was not seen.

import type { NudgeLineAt, NudgeMode } from '../events/nudge.ts'
import type { Preset, ScreenReading } from '../ports/presets.ts'

/** Typed behind a paste that nobody saw, to see how far the program has read. No line of ours ends with it. */
const PROBE = '.'
const BACKSPACE = '\x7f'

/** From a paste to the Enter at the least, ms: some programs take an Enter that is sooner for a newline. */
export const PASTE_REST_MS = 150
/** How long a composer that is not free is waited for within one look, ms. */
const FREE_MS = 12_000
/** How long the screen may take to show what was typed, ms. */
export const ECHO_MS = 6_000
/** How long an unseen line may take to show up before it is probed for, ms. */
const UNSEEN_MS = 1_500
/**
 * How long lines of nudges stand there before they are cleared, ms. One that was taken just now stands there for a
 * moment more, and the keys that clear a composer would end its turn.
 */
const LEFT_MS = 2_000
/** All of one look, ms; below the deadline of the effect. */
export const LOOK_MS = 24_000
/** An interrupted turn ends within this, ms. */
const INTERRUPT_MS = 8_000

export type DeliveryAsk = {
  readonly line: string
  readonly mode: NudgeMode
  readonly keys: Preset['keys']
  /** The line of another nudge, or null when there is none of that id. */
  lineOf(nudge: string): string | null
}

export type DeliveryState = {
  /** ms at which the look began. */
  readonly begun: number
  readonly phase: 'looking' | 'pasted' | 'probed' | 'standing' | 'clearing' | 'interrupted'
  /** ms at which the phase began. */
  readonly since: number
  /** The line may lie in the queue. */
  readonly unseen: boolean
  /** Since when lines of nudges stand there, ms. */
  readonly left: number | null
  /** Why the composer is not free, and since when, ms. */
  readonly waits: { readonly reason: string; readonly since: number } | null
}

export type Step =
  | { readonly do: 'wait' }
  | { readonly do: 'type'; readonly keys: string }
  /** The last one: Enter. */
  | { readonly do: 'submit'; readonly keys: string }
  | { readonly do: 'held'; readonly reason: string; readonly lineAt: NudgeLineAt }

export const begin = (unseen: boolean, now: number): DeliveryState => ({
  begun: now,
  phase: 'looking',
  since: now,
  unseen,
  left: null,
  waits: null,
})

/** What to do next. The step is done before the next reading is taken. */
export function nextStep(
  ask: DeliveryAsk,
  state: DeliveryState,
  reading: ScreenReading,
  now: number,
): { readonly step: Step; readonly state: DeliveryState } {
  const { keys, mode } = ask
  const stands = standsIn(reading.composer, ask)
  const inPhase = now - state.since

  const go = (step: Step, phase: DeliveryState['phase'], unseen = state.unseen) => ({
    step,
    state: { begun: state.begun, phase, since: now, unseen, left: null, waits: null },
  })
  const stay = { step: { do: 'wait' } as const, state }
  const held = (reason: string, lineAt: NudgeLineAt = lineNow()) => ({
    step: { do: 'held', reason, lineAt } as const,
    state,
  })
  const lineNow = (): NudgeLineAt =>
    stands.kind === 'ours' || stands.kind === 'mixed' ? 'composer' : state.unseen ? 'unseen' : 'untyped'
  /** Waits for the composer to be free, for a while. */
  const wait = (reason: string) => {
    const since = state.waits?.since ?? now
    return now - since >= FREE_MS
      ? held(reason)
      : { step: { do: 'wait' } as const, state: { ...state, waits: { reason, since } } }
  }

  /** Typed once: a second time would eat the line itself. */
  const takeBack = (probes: number, unseen: boolean) => {
    if (state.phase !== 'clearing')
      return go({ do: 'type', keys: BACKSPACE.repeat(probes) }, 'clearing', unseen)
    // It lies in the queue like a paste would, and the next look must know.
    return inPhase < ECHO_MS ? stay : held(UNREAD, 'unseen')
  }

  if (stands.kind !== 'lines' && state.left !== null)
    return nextStep(ask, { ...state, left: null }, reading, now)
  const closed = whyClosed(reading)
  if (now - state.begun >= LOOK_MS) return held(closed ?? 'its screen does not come to rest')
  if (closed !== null) return wait(closed)
  if (reading.kind === 'busy' && mode === 'immediate') {
    if (state.phase !== 'interrupted') return go({ do: 'type', keys: keys.interrupt }, 'interrupted')
    return inPhase < INTERRUPT_MS ? stay : held('its turn does not end when it is interrupted')
  }
  if (reading.kind === 'busy' && mode === 'idle' && stands.kind !== 'ours') return wait('it is at work')

  switch (stands.kind) {
    case 'ours':
      if (stands.probes > 0) return takeBack(stands.probes, state.unseen)
      if (state.phase === 'pasted' && inPhase < PASTE_REST_MS) return stay
      // A probe, of now or of an earlier look, has still to come, perhaps a moment after the line: Enter would take it along.
      if (state.phase === 'probed' && inPhase < ECHO_MS) return stay
      // So would what was typed to take an earlier one back take the line's own end.
      if (state.phase === 'standing' && inPhase < UNSEEN_MS) return stay
      if (state.unseen && state.phase !== 'pasted' && state.phase !== 'standing')
        return go({ do: 'wait' }, 'standing')
      return go({ do: 'submit', keys: keys.submit }, 'looking', false)
    case 'probes':
      // Not ours unless something of ours may have been typed.
      if (!state.unseen && state.phase !== 'clearing') return wait('somebody is typing there')
      return takeBack(stands.probes, false)
    case 'lines': {
      if (state.phase === 'clearing' && state.left === null)
        return inPhase < ECHO_MS ? stay : held('an earlier line stands there')
      if (reading.kind === 'busy') return wait('an earlier line stands there')
      const left = state.left ?? now
      if (now - left < LEFT_MS) return { step: { do: 'wait' } as const, state: { ...state, left } }
      // With ours among them, all that was typed has come.
      return go({ do: 'type', keys: keys.clear }, 'clearing', stands.withOurs ? false : state.unseen)
    }
    case 'placeholder':
      if (state.phase !== 'pasted') return wait('somebody is typing there')
      return inPhase < PASTE_REST_MS ? stay : go({ do: 'submit', keys: keys.submit }, 'looking', false)
    case 'part':
      if (!state.unseen) return wait('somebody is typing there')
      if (inPhase < ECHO_MS) return stay
      // What is left of ours, and can become nothing else.
      return reading.kind === 'busy' ? held(UNREAD) : go({ do: 'type', keys: keys.clear }, 'clearing')
    case 'mixed':
    case 'other':
      // The program may show what was typed a piece at a time.
      return state.phase === 'clearing' && inPhase < UNSEEN_MS ? stay : wait('somebody is typing there')
    case 'empty':
      break
  }
  // The composer is free.
  if (state.phase === 'pasted' || state.phase === 'probed') return inPhase < ECHO_MS ? stay : held(UNREAD)
  if (!state.unseen) return go({ do: 'type', keys: pasted(ask.line) }, 'pasted', true)
  return inPhase < UNSEEN_MS ? stay : go({ do: 'type', keys: PROBE }, 'probed')
}

/** After an Enter without a receipt: Enter once more while the line stands there, else where it is. */
export function afterEnter(ask: DeliveryAsk, reading: ScreenReading): Step {
  const closed = whyClosed(reading)
  // What is open may have been opened by the very line.
  if (closed !== null) return { do: 'held', reason: closed, lineAt: 'queued' }
  const stands = standsIn(reading.composer, ask)
  if (stands.kind === 'ours' && stands.probes === 0) return { do: 'submit', keys: ask.keys.submit }
  if (stands.kind === 'ours') return { do: 'type', keys: BACKSPACE.repeat(stands.probes) }
  if (stands.kind === 'mixed')
    return { do: 'held', reason: 'somebody is typing behind it', lineAt: 'composer' }
  return reading.kind === 'busy'
    ? { do: 'held', reason: 'its program keeps it for after the turn', lineAt: 'queued' }
    : { do: 'held', reason: 'it is in the composer no more', lineAt: 'gone' }
}

const UNREAD = 'it does not read what is typed'

/** Bracketed, so that no program takes its end for an Enter or a burst of keys. */
const pasted = (line: string): string => `\x1b[200~${line}\x1b[201~`

function whyClosed({ kind, composer, name, message }: ScreenReading): string | null {
  switch (kind) {
    case 'dialog':
      return name === null ? 'a dialog is open' : `a dialog is open: ${name}`
    case 'starting':
      return 'it is starting'
    case 'compacting':
      return 'it is compacting its context'
    case 'limited':
      return `its provider limits it: ${message}`.slice(0, 300)
    case 'ready':
    case 'busy':
      return composer === null ? 'its composer is not shown' : null
    // An error on the screen keeps nobody from typing.
    case 'stuck':
      return composer === null ? `it is stuck: ${name ?? message}`.slice(0, 300) : null
    case 'unknown':
      return 'its screen is not understood'
  }
}

type Stands =
  | { readonly kind: 'empty' | 'placeholder' | 'part' | 'mixed' | 'other' }
  /** Our line alone, with so many probes behind it. */
  | { readonly kind: 'ours'; readonly probes: number }
  | { readonly kind: 'probes'; readonly probes: number }
  /** Lines of nudges and nothing else: those of earlier ones, or ours twice. */
  | { readonly kind: 'lines'; readonly withOurs: boolean }

/** What stands in a composer; blanks are not compared, for rows are cut anywhere. */
function standsIn(composer: string | null, { line, lineOf }: DeliveryAsk): Stands {
  const text = squeezed(composer ?? '')
  if (text === '') return { kind: 'empty' }
  if (/^\[Pasted(Content|text|Text)/.test(text)) return { kind: 'placeholder' }
  const ours = squeezed(line)
  let rest = text
  let before = 0
  const found: string[] = []
  for (;;) {
    const probes = /^\.*/.exec(rest)?.[0].length ?? 0
    const next = lineAtStart(rest.slice(probes), ours, lineOf)
    if (next === null) break
    before += probes
    found.push(next)
    rest = rest.slice(probes + next.length)
  }
  const probes = /^\.*$/.test(rest) ? rest.length : null
  if (probes !== null && before === 0) {
    if (found.length === 0) return { kind: 'probes', probes }
    if (found.length === 1 && found[0] === ours) return { kind: 'ours', probes }
  }
  if (probes !== null) return { kind: 'lines', withOurs: found.includes(ours) }
  if (text.includes(ours)) return { kind: 'mixed' }
  // A box that is too low shows the end of what stands in it.
  const end = text.replace(/\.+$/, '')
  if (end.length >= CLIPPED_MIN && ours.endsWith(end))
    return { kind: 'ours', probes: text.length - end.length }
  return { kind: text.length >= PART_MIN && ours.startsWith(text) ? 'part' : 'other' }
}

/** Characters of a line's beginning that prove that it is that line: its id is in them. */
const PART_MIN = 11
/** Characters of a line's end that prove that it is that line. */
const CLIPPED_MIN = 30

function lineAtStart(text: string, ours: string, lineOf: (nudge: string) => string | null): string | null {
  if (text.startsWith(ours)) return ours
  const [, id] = /^gt(n-[0-9a-z]{6,8}):/.exec(text) ?? []
  const known = id === undefined ? null : lineOf(id)
  if (known === null) return null
  const line = squeezed(known)
  return text.startsWith(line) ? line : null
}

const squeezed = (text: string): string => text.replace(/\s+/g, '')
