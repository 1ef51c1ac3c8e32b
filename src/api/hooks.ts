// Hooks of agent programs: what a runtime says of itself while it works, and what it is answered.
//
// Owns:      from the runtime's JSON to what is heard, and back to what the runtime reads.
// Does not:  know any runtime's words (its preset does), or decide: rules and persons do (asking.ts), nudges do.
// Always:    bounded: of one session at most 200 calls are in hand, and what is beyond is dropped and counted.

import type { Heard } from '../events/hearing.ts'
import { maskData } from '../events/mask.ts'
import type { Address } from '../events/record.ts'
import type { HookReply, Preset } from '../ports/presets.ts'
import type { System } from '../system/types.ts'
import { askPerson, guard } from './asking.ts'
import { mayBeginTurn } from './brakes.ts'
import type { SessionCaller } from './callers.ts'
import { Fault } from './fault.ts'
import { stillOpen } from './handing-in.ts'
import { promptContext } from './nudging.ts'
import { toldAgain } from './priming.ts'
import type { TownHandle, Trouble } from './town.ts'

/** Calls of one session that may be in hand. */
const IN_HAND_MAX = 200

export type HookRequest = {
  readonly caller: SessionCaller
  readonly event: string
  /** As the runtime wrote it. */
  readonly input: unknown
  /** Preset that the launcher was made for. */
  readonly runtime: string | undefined
  /** Names this call, so that it counts once. */
  readonly call: string | undefined
  /** Aborted when the runtime no longer waits. */
  readonly signal: AbortSignal
}

export type HookAnswer = { readonly stdout: string; readonly exitCode: number }

/** Answers hooks, as many at a time as may be. */
export function createHooks(town: TownHandle) {
  const inHand = new Map<Address, number>()
  const dropped: Dropped = { count: 0, at: '' }
  droppedOf.set(town.system, dropped)
  return {
    /** @throws {Fault} ASSIGNMENT_OVER, DAEMON_DOWN, TOWN_BUSY. */
    async answer(request: HookRequest): Promise<HookAnswer> {
      const { session, agent } = request.caller
      const count = inHand.get(session) ?? 0
      if (count >= IN_HAND_MAX) {
        dropped.count += 1
        dropped.at = new Date(town.clock.now()).toISOString()
        throw new Fault('TOWN_BUSY', `${count} hooks of ${agent} are in hand already; this one is dropped.`)
      }
      inHand.set(session, count + 1)
      try {
        return await answerHook(town, request)
      } finally {
        const left = (inHand.get(session) ?? 1) - 1
        if (left > 0) inHand.set(session, left)
        else inHand.delete(session)
      }
    },
  }
}

type Dropped = { count: number; at: string }
const droppedOf = new WeakMap<System, Dropped>()

/** Says how many calls were too many since the town is up; nothing when none was. */
export function hooksDropped({ system }: TownHandle): Trouble[] {
  const { count, at } = droppedOf.get(system) ?? { count: 0, at: '' }
  if (count === 0) return []
  const message = `${count} hooks of agents came while ${IN_HAND_MAX} of the same agent were in hand, and were not heard.`
  return [{ at, code: 'HOOKS_DROPPED', message }]
}

async function answerHook(town: TownHandle, request: HookRequest): Promise<HookAnswer> {
  const { caller, event } = request
  const preset = presetOf(town, caller.session, request.runtime)
  if (preset === null || !preset.hooks.includes(event)) return { stdout: '', exitCode: 0 }
  await hearing(town).catchUp(caller.session, preset)
  return preset.answer(event, await replyTo(town, preset, request))
}

async function replyTo(
  town: TownHandle,
  preset: Preset,
  { caller, event, input, call, signal }: HookRequest,
): Promise<HookReply> {
  const { prompt, ...meaning } = preset.hear({ event, input })
  const { heard, asks, guards } = maskData(meaning, town.masker)
  const hear = (what: readonly Heard[]) => hearing(town).hear(caller.session, what, call)
  if (prompt !== null) {
    const brake = mayBeginTurn(town, caller)
    if (brake !== null) return brake
    const { nudge, reply } = await promptContext(town, caller, prompt)
    // A prompt that is not taken begins no turn.
    if (reply.kind !== 'block')
      await hear(heard.map((each) => (each.kind === 'turnStarted' ? { ...each, nudge } : each)))
    return reply
  }
  if (asks !== null) {
    // Whether it waits for anybody is not known before the rules were looked at.
    await hear(heard.filter(({ kind }) => kind !== 'asks'))
    return askPerson({ town, caller, ask: asks, call, signal })
  }
  const goOn = meaning.mayGoOn ? stillOpen(town, caller) : null
  if (goOn !== null) return goOn
  await hear(heard)
  const again = await toldAgain(town, caller, heard)
  if (again !== null) return { kind: 'context', text: again }
  return guards === null ? { kind: 'none' } : guard(town, caller, guards)
}

function hearing(town: TownHandle): NonNullable<TownHandle['hearing']> {
  if (town.hearing === null) throw new Fault('DAEMON_DOWN', 'The town is not up, so nothing is heard.')
  return town.hearing
}

/** @throws {Fault} ASSIGNMENT_OVER. */
function presetOf(town: TownHandle, session: Address, given: string | undefined): Preset | null {
  const owner = town.system.owner(session)
  if (owner === null || owner.value === 'ended')
    throw new Fault('ASSIGNMENT_OVER', `${session} has ended.`, { session })
  // A hook may be quicker than the news of the start.
  const runtime = typeof owner.context.runtime === 'string' ? owner.context.runtime : given
  return runtime === undefined ? null : town.presets.get(runtime)
}
