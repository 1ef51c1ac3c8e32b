// Effects of nudges: typing a line into the program of a session, and pressing Enter once more.
//
// Owns:      reading the screen, typing and waiting between the steps of src/pty/delivery.ts; one look at a time a session.
// Does not:  decide what comes next (delivery.ts does), or know whether the line was taken (its nudge does).
// Always:    what was asked for before a crash looks first: the line may have been written then.

import { setTimeout as sleep } from 'node:timers/promises'
import { brakeOn } from '../../api/brakes.ts'
import { nudgeOwner, rigOf } from '../../events/address.ts'
import type { Message } from '../../events/index.ts'
import type { NudgeLineAt } from '../../events/nudge.ts'
import type { Address } from '../../events/record.ts'
import type { Preset } from '../../ports/presets.ts'
import { TerminalError } from '../../ports/terminals.ts'
import {
  afterEnter,
  begin,
  type DeliveryAsk,
  type DeliveryState,
  nextStep,
  type Step,
} from '../../pty/delivery.ts'
import type { Carrier, CarryOut } from './carrier.ts'

/** Between two looks at a screen that is about to change, ms. */
const LOOK_SOON_MS = 100
/** Between two looks while a composer is not free, ms. */
const LOOK_MS = 500
/** Rows in which a line that was written is looked for, where there is no screen to be read. */
const ECHO_LINES = 200

export const writeNudge: CarryOut<'nudge.write'> = async (params, { again, signal }, town) => {
  const { nudge, session, line, mode } = params
  const unseen = params.unseen || again
  const preset = presetOf(town, session)
  if (preset === null) return held('its program is not known yet', unseen ? 'unseen' : 'untyped')
  return inTurn(session, async () => {
    const brake = unseen ? null : brakeFor(town, session)
    if (brake !== null) return held(brake, 'untyped')
    if (!preset.interactive) return writeLine(town, session, nudge, line, unseen)
    return deliver(town, session, askOf(town, preset, params), begin(unseen, performance.now()), signal)
  })

  function askOf(town: Carrier, { keys }: Preset, { line }: { line: string }): DeliveryAsk {
    return { line, mode, keys, lineOf: (id) => lineOf(town, session, id) }
  }
}

export const enterNudge: CarryOut<'nudge.enter'> = async ({ session, line }, { signal }, town) => {
  const preset = presetOf(town, session)
  if (preset === null || !preset.interactive) return held('its program reads when it likes', 'queued')
  const ask: DeliveryAsk = {
    line,
    mode: 'queue',
    keys: preset.keys,
    lineOf: (id) => lineOf(town, session, id),
  }
  return inTurn(session, async () => {
    try {
      for (let tries = 0; tries < 3 && !signal.aborted; tries += 1) {
        const step = afterEnter(ask, preset.read(await town.terminals.screen(session)))
        if (step.do === 'held') return held(step.reason, step.lineAt)
        if (step.do !== 'wait') await town.terminals.write(session, step.keys)
        if (step.do === 'submit') return { type: 'nudge.written' }
        await sleep(LOOK_MS)
      }
      return held('its screen does not come to rest', 'composer')
    } catch (error) {
      return held(reasonOf(error), 'composer')
    }
  })
}

/** Step by step, until Enter was pressed or there is a reason why not. */
async function deliver(
  town: Carrier,
  session: Address,
  ask: DeliveryAsk,
  first: DeliveryState,
  signal: AbortSignal,
): Promise<Message> {
  const preset = presetOf(town, session) as Preset
  let state = first
  try {
    while (!signal.aborted) {
      const reading = preset.read(await town.terminals.screen(session))
      const next = nextStep(ask, state, reading, performance.now())
      const { step } = next
      if (step.do === 'held') return held(step.reason, step.lineAt)
      if (step.do !== 'wait') await type(town, session, step, signal)
      state = next.state
      if (step.do === 'submit') return { type: 'nudge.written' }
      await sleep(isLong(state) ? LOOK_MS : LOOK_SOON_MS)
    }
    return held('nobody waits for it any more', state.unseen ? 'unseen' : 'untyped')
  } catch (error) {
    // Of a paste that was refused nothing is in the terminal; of any other failure nobody knows.
    const refused = error instanceof TerminalError && error.code === 'INPUT_REFUSED'
    const unknown = error instanceof TerminalError && error.code === 'SESSION_UNKNOWN'
    return held(reasonOf(error), state.unseen || !(refused || unknown) ? 'unseen' : 'untyped')
  }
}

/** What is about to end ends within a second or two. */
const isLong = ({ begun, waits }: DeliveryState): boolean =>
  waits !== null && performance.now() - begun > 20 * LOOK_SOON_MS

/** Nothing is typed for a nudge that was taken or is over in the meantime. */
async function type(
  town: Carrier,
  session: Address,
  step: Extract<Step, { readonly keys: string }>,
  signal: AbortSignal,
): Promise<void> {
  if (!signal.aborted) await town.terminals.write(session, step.keys)
}

/** A program without a composer gets the line on its standard input, and says itself that it has read the text. */
async function writeLine(
  town: Carrier,
  session: Address,
  nudge: string,
  line: string,
  unseen: boolean,
): Promise<Message> {
  try {
    // Its terminal has echoed what was written before, unless it was told not to; then the id says that it is the same.
    const there = unseen && (await town.terminals.peek(session, ECHO_LINES)).includes(`gt ${nudge}:`)
    if (!there) await town.terminals.write(session, `${line}\n`)
    return { type: 'nudge.written' }
  } catch (error) {
    return held(reasonOf(error), unseen ? 'unseen' : 'untyped')
  }
}

/** When no turn may begin for whom it is meant: why. */
function brakeFor({ system }: Carrier, session: Address): string | null {
  const { agent, bead } = system.owner(session)?.context ?? {}
  if (typeof agent !== 'string') return null
  const who = { agent, rig: rigOf(agent), bead: typeof bead === 'string' && bead !== '' ? bead : null }
  return brakeOn(system, who)?.message ?? null
}

const held = (reason: string, lineAt: NudgeLineAt): Message => ({ type: 'nudge.held', reason, lineAt })

const reasonOf = (error: unknown): string => {
  if (error instanceof TerminalError) return error.message.slice(0, 500)
  throw error
}

function presetOf(town: Carrier, session: Address): Preset | null {
  const runtime = town.system.owner(session)?.context.runtime
  return typeof runtime === 'string' ? (town.presets.get(runtime) ?? town.presets.script) : null
}

/** The line of another nudge of this session. */
function lineOf(town: Carrier, session: Address, nudge: string): string | null {
  const context = town.system.owner(nudgeOwner(nudge))?.context
  return context?.session === session && typeof context.line === 'string' ? context.line : null
}

const turns = new Map<Address, Promise<unknown>>()

/** One after the other: two that type at the same time would type into each other's lines. */
async function inTurn<T>(session: Address, run: () => Promise<T>): Promise<T> {
  const before = turns.get(session)
  const mine = (async () => {
    await before?.catch(() => undefined)
    return run()
  })()
  turns.set(session, mine)
  try {
    return await mine
  } finally {
    if (turns.get(session) === mine) turns.delete(session)
  }
}
