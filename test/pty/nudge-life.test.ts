// A nudge from sent to over: its machine, the steps of its delivery and a model of a terminal, with a program that stops
// reading, a daemon that dies between any two steps, receipts that are lost, and dialogs.
//
// What must hold: the program gets the line at most once; nothing is typed at a dialog; what is said to be taken was
// taken, what is said to have failed was not; and each nudge comes to an end.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NudgeLineAt, NudgeMode } from '../../src/events/nudge.ts'
import { nudgeLine } from '../../src/events/nudge-line.ts'
import type { ScreenReading } from '../../src/ports/presets.ts'
import { afterEnter, begin, type DeliveryAsk, nextStep } from '../../src/pty/delivery.ts'
import { type Saying, stepsOf } from '../support/decisions.ts'
import { AGENT, SESSION } from '../support/messages.ts'

const NUDGE = 'n-ab12cd'
const LINE = nudgeLine(NUDGE, 'overseer', 'Look at the cart.')
const ask: DeliveryAsk = {
  line: LINE,
  mode: 'idle',
  keys: { interrupt: '\x1b', submit: '\r', clear: '\x15' },
  lineOf: () => null,
}
const WAIT_MS = 10 * 60_000
const TICK_MS = 100

type Fate = {
  readonly mode: NudgeMode
  /** Spans of 100 ms in which the program reads nothing. */
  readonly stopped: readonly (readonly [from: number, ticks: number])[]
  readonly dialog: readonly (readonly [from: number, ticks: number])[]
  /** Ticks at which the daemon dies; it is back 1 s later. */
  readonly deaths: readonly number[]
  /** Whether the hook of the prompt is heard, and how late, in ticks. */
  readonly receipt: number | null
  /** What it reads in these ticks it loses. */
  readonly deaf: readonly (readonly [from: number, ticks: number])[]
}

const within = (spans: Fate['stopped'], tick: number): boolean =>
  spans.some(([from, ticks]) => tick >= from && tick < from + ticks)

function live(fate: Fate) {
  const owner = stepsOf(`nudges/${NUDGE}`)
  const terminal = { queue: '', composer: '', shown: '', prompts: [] as string[], typedAtDialog: false }
  const timers = new Map<string, number>()
  const said: Saying[] = []
  const facts: string[] = []
  type Asked = { kind: string; unseen: boolean; state: ReturnType<typeof begin> | null }
  let effect = null as Asked | null
  let awayUntil = -1
  let tick = 0
  let receiptAt: number | null = null
  const now = () => tick * TICK_MS

  const tell = (message: object): void => {
    const decision = owner.take(message as Saying)
    if (decision.kind === 'refused') return
    facts.push(...decision.facts.map(({ type }) => type))
    // Leaving a state ends the wait for what it asked; timers say themselves when they are called off.
    for (const { kind, params } of decision.effects) {
      if (kind === 'timer')
        timers.set(String(params.event), tick + Math.ceil(Number(params.delayMs) / TICK_MS))
      else if (kind === 'timer.cancel') timers.delete(String(params.event))
      else if (kind === 'tell')
        for (const one of params.messages as { message: Saying }[]) said.push(one.message)
      else effect = { kind, unseen: params.unseen === true, state: null }
    }
    if (!waits()) effect = null
  }
  const value = () => JSON.stringify(owner.state?.value)
  const waits = () => value() === '{"open":"writing"}' || value() === '{"open":"checking"}'

  tell({
    type: 'nudge.send',
    to: AGENT,
    session: SESSION,
    text: 'Look at the cart.',
    line: LINE,
    mode: fate.mode,
    waitMs: WAIT_MS,
  })
  tell({ type: 'nudge.go' })
  for (; tick < 12_000; tick += 1) {
    program()
    if (receiptAt !== null && tick >= receiptAt && tick >= awayUntil) {
      receiptAt = null
      tell({ type: 'nudge.accepted', via: 'hook' })
      tell({ type: 'nudge.turnEnded', how: 'ended' })
    }
    if (fate.deaths.includes(tick)) {
      awayUntil = tick + 10
      // What was asked for is asked for again.
      if (effect !== null) effect = { ...effect, unseen: true, state: null }
    }
    if (tick < awayUntil) continue
    for (const [event, due] of [...timers]) {
      if (due > tick) continue
      timers.delete(event)
      tell({ type: event })
    }
    if (effect !== null) look(effect)
    if (isOver()) break
  }
  return { terminal, facts, said, state: owner.state?.value, tick }

  function isOver(): boolean {
    return ['ended', 'failed', 'withdrawn'].includes(String(owner.state?.value))
  }

  function look(open: Asked): void {
    const screen = reading()
    if (open.kind === 'nudge.enter') {
      const step = afterEnter(ask, screen)
      if (step.do === 'held') return tell({ type: 'nudge.held', reason: step.reason, lineAt: step.lineAt })
      if (step.do !== 'wait') write(step.keys)
      if (step.do === 'submit') tell({ type: 'nudge.written' })
      return
    }
    const next = nextStep({ ...ask, mode: fate.mode }, open.state ?? begin(open.unseen, now()), screen, now())
    open.state = next.state
    const { step } = next
    if (step.do === 'held') return held(step.reason, step.lineAt)
    if (step.do === 'wait') return
    write(step.keys)
    if (step.do === 'submit') tell({ type: 'nudge.written' })
  }

  function held(reason: string, lineAt: NudgeLineAt): void {
    tell({ type: 'nudge.held', reason, lineAt })
  }

  function write(keys: string): void {
    if (within(fate.dialog, tick)) terminal.typedAtDialog = true
    terminal.queue += keys
  }

  function reading(): ScreenReading {
    const dialog = within(fate.dialog, tick)
    const rest = { name: null, message: '', until: null }
    return dialog
      ? { kind: 'dialog', composer: null, ...rest }
      : { kind: 'ready', composer: terminal.shown, ...rest }
  }

  /** Reads in order what there is, then draws; a stopped one does neither. */
  function program(): void {
    if (within(fate.stopped, tick)) return
    terminal.shown = terminal.composer
    const keys = terminal.queue.replaceAll('\x1b[200~', '').replaceAll('\x1b[201~', '')
    terminal.queue = ''
    if (within(fate.deaf, tick)) return
    for (const key of keys) {
      if (key === '\r') {
        if (terminal.composer === '') continue
        terminal.prompts.push(terminal.composer)
        terminal.composer = ''
        if (fate.receipt !== null) receiptAt ??= tick + fate.receipt
      } else if (key === '\x7f') terminal.composer = terminal.composer.slice(0, -1)
      else if (key === '\x15') terminal.composer = ''
      else terminal.composer += key
    }
  }
}

const spans = fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 400 })), { maxLength: 3 })
const fates: fc.Arbitrary<Fate> = fc.record({
  mode: fc.constantFrom('idle', 'queue', 'immediate'),
  stopped: spans,
  // One that opens while keys are under way takes them; dialogs here are there before.
  dialog: fc.array(fc.tuple(fc.constant(0), fc.integer({ min: 1, max: 400 })), { maxLength: 1 }),
  deaths: fc.array(fc.nat(600), { maxLength: 5 }),
  receipt: fc.oneof({ weight: 5, arbitrary: fc.nat(30) }, { weight: 1, arbitrary: fc.constant(null) }),
  deaf: fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 60 })), { maxLength: 2 }),
})

/** The line is read before the program stops and drawn when it goes on, a moment before it reads what was typed behind it. */
const SHOWN_LATE: Fate = {
  mode: 'idle',
  stopped: [[2, 298]],
  dialog: [],
  deaths: [],
  receipt: null,
  deaf: [],
}

/** A probe is being taken back when the program stops again. */
const STOPPED_AGAIN: Fate = {
  mode: 'idle',
  stopped: [
    [286, 259],
    [0, 185],
  ],
  dialog: [],
  deaths: [],
  receipt: 0,
  deaf: [],
}

test('[P6] [NUDGE-3] [NUDGE-7] whatever happens, it is taken once at most, and what is said of it is so', () => {
  const ends: Record<string, number> = {}
  fc.assert(
    fc.property(fates, (fate) => {
      const { terminal, facts, state, said } = live(fate)
      const own = terminal.prompts.filter((prompt) => prompt.includes(LINE))
      expect(terminal.prompts.filter((prompt) => prompt !== LINE)).toEqual([])
      expect(own.length).toBeLessThanOrEqual(1)
      expect(terminal.typedAtDialog).toBe(false)
      expect(['ended', 'failed']).toContain(state)
      expect(facts.filter((type) => type === 'NudgeAccepted').length).toBeLessThanOrEqual(1)
      expect(said.filter(({ type }) => type === 'session.delivered')).toHaveLength(1)
      if (facts.includes('NudgeAccepted')) expect(own).toEqual([LINE])
      if (fate.receipt !== null && own.length > 0) expect(state).toBe('ended')
      ends[String(state)] = (ends[String(state)] ?? 0) + 1
    }),
    { numRuns: 400, examples: [[SHOWN_LATE], [STOPPED_AGAIN]] },
  )
  // Nearly all that can be heard is.
  expect(ends.ended ?? 0).toBeGreaterThan(250)
})
