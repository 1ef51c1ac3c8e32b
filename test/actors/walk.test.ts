import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describe as describeMachine } from '../../src/actors/chart.ts'
import { machineAt } from '../../src/actors/index.ts'
import { EFFECTS, Fact, Message } from '../../src/events/index.ts'
import type { AnyEffect, AnyMessage } from '../../src/events/record.ts'
import { applyChange, createDecider, type Decision, type State } from '../../src/system/decide.ts'
import { decide, stepsOf } from '../support/decisions.ts'
import { ALL_SAMPLES } from '../support/messages.ts'
import { everySaying, isFinal, kindOf, OWNERS, reachable, sayingsFor, stateName } from '../support/walks.ts'

/** Accepted without a trace: each is a message that comes too late or says nothing new, with its reason. */
const NOTHING_COMES_OF_IT: { readonly [kind: string]: readonly string[] } = {
  // Needs that it has already, has not, or that are met already.
  bead: [
    'bead.neededBy',
    'bead.unneededBy',
    'bead.addNeed',
    'bead.dropNeed',
    'bead.needMet',
    'bead.needReopened',
    // Of an assignment that it has no more.
    'bead.unhook',
  ],
  // Told of beads that nobody slung, of places that are free, of rigs as they are.
  mayor: [
    'dispatch.ready',
    'dispatch.unready',
    'dispatch.withdraw',
    'dispatch.freePlace',
    'dispatch.openRig',
    'dispatch.closeRig',
    'tell.refused',
    'escalation.settle',
    // The person was told of what is dealt with already.
    'notice.sent',
    'notice.notSent',
    'effect.failed',
    'dispatch.hold',
    'dispatch.letGo',
    'dispatch.look',
  ],
  // Nothing was noted of that bead.
  // It was said of that assignment already; nothing is due; it was not of a bead's place in the queue.
  deacon: ['deacon.forget', 'deacon.tidy', 'RECOVERED_BEAD', 'deacon.due', 'tell.refused'],
  // A person was told.
  boot: ['boot.found'],
  // Told once more of what it knows, or of what is over.
  kennel: ['kennel.aging', 'kennel.clean', 'kennel.done', 'tell.refused', 'kennel.set'],
  // An answer about work that is not with it any more.
  witness: [
    // An answer about what it did not ask; what it was told before.
    'judgement.given',
    'witness.judge',
    'worktree.verified',
    'worktree.notVerified',
    'effect.failed',
    // Of a session that has ended meanwhile, or that goes on; what else it asked for was refused.
    'WORK_STALLED',
    'WORK_GOES_ON',
    'NUDGE_OVER',
    'WORK_GIVEN_BACK',
    'tell.refused',
  ],
  session: [
    // The stop is tried again by its timer.
    'effect.failed',
    // What is heard again, later than what is known already, or while its program is being ended.
    'session.heard',
    'session.active',
    // Its timer, when nobody waits any more.
    'session.overdue',
    // Said twice, or of a decision or a nudge that it does not know.
    'session.asked',
    'session.answered',
    'session.deliver',
    'session.delivered',
    // Said twice while it starts.
    'session.handOff',
  ],
  // The composer is given again, a receipt comes twice, the turn before ends, a session is gone.
  nudge: ['nudge.go', 'nudge.accepted', 'nudge.turnEnded', 'tell.refused'],
  // Nothing is under way, or something is already; what passed is of no use.
  ahead: ['ahead.begin', 'ahead.drop', 'ahead.over'],
  // What was said of it too late; said twice.
  pull: ['tell.refused', 'pull.withdraw'],
  // Said of what nobody waits for, by a session that is gone, or twice.
  review: [
    'tell.refused',
    'review.ask',
    'review.close',
    'review.withdraw',
    'review.pause',
    'review.resume',
    'review.sessionEnded',
    'effect.failed',
  ],
  // A rule that it has.
  rig: ['rig.addRule'],
  // The news that a session began, or ended, when nobody waits for it.
  sandbox: [
    'sandbox.sessionStarted',
    'sandbox.sessionEnded',
    'sandbox.pause',
    'sandbox.resume',
    // Said by those who have not heard that a person took it away.
    'sandbox.recover',
    'sandbox.giveUp',
    'sandbox.retry',
    // Of a session that is not the present one, or that goes on.
    'sandbox.stalled',
    'sandbox.goesOn',
    'worktree.checkpointed',
    'worktree.notCheckpointed',
    'effect.failed',
    // Said twice while its worktree is made.
    'sandbox.nuke',
    'sandbox.unsling',
  ],
  // Held, or let go, twice; wanted, or not wanted, already; what was kept of who is removed.
  crew: ['crew.pause', 'crew.resume', 'crew.start', 'crew.stop', 'crew.checkpointed'],
  // The nudge that tells of it was refused.
  plan: ['tell.refused'],
  // Told of budgets that are gone, of sums and days that it knows.
  budgets: ['budget.spent', 'budget.day'],
  // Somebody was quicker; work that landed while it lands.
  integration: ['tell.refused', 'integration.advanced'],
  // It was told so before.
  refinery: [
    'refinery.unseal',
    // Submitted twice, or of beads that have nothing in the queue.
    'MERGE_READY',
    'refinery.bead',
    'refinery.hold',
    'refinery.letGo',
    'refinery.fixes',
    'refinery.retest',
    'refinery.retry',
  ],
}

test('samples are messages of the vocabulary', () => {
  for (const sample of ALL_SAMPLES) expect(Message.safeParse(sample).error).toBeUndefined()
})

describe.each(OWNERS.map((address) => [kindOf(address), address] as const))('%s', (kind, address) => {
  const def = machineAt(address)
  if (def === null) throw new Error(`Nothing can live at ${address}.`)
  const states = reachable(address)

  test('each of its states can be reached', () => {
    const reached = new Set(states.flatMap((state) => (state === null ? [] : [stateName(state.value)])))
    const leaves = describeMachine(def)
      .states.map(({ name }) => name)
      .filter((name, _, all) => name !== 'absent' && !all.some((other) => other.startsWith(`${name}.`)))
    // An idle Refinery that is spoken to decides at once whether there is work.
    expect([...reached].sort()).toEqual(expect.arrayContaining(leaves.sort()))
  })

  test('each message is answered in each state: taken, or refused with a code, and never dropped', () => {
    const decider = createDecider()
    const dropped = new Set<string>()
    for (const [n, state] of states.entries()) {
      for (const said of everySaying(address)) {
        const decision = decide(def, address, state, said, n + 2, decider)
        if (decision.kind === 'refused') {
          expect(decision.refusal.code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
          expect(decision.refusal.message).toMatch(/\.$/)
        } else if (!decision.matters) dropped.add(said.type)
      }
    }
    expect([...dropped].filter((type) => !NOTHING_COMES_OF_IT[kind]?.includes(type))).toEqual([])
  })

  test('an owner that has ended takes nothing more', () => {
    for (const state of states) {
      if (state === null || !isFinal(address, state)) continue
      for (const said of everySaying(address)) {
        expect(decide(def, address, state, said, 9)).toMatchObject({ refusal: { code: 'OWNER_ENDED' } })
      }
    }
  })

  test('what it says is of the vocabulary, what it keeps is plain JSON, and a restart changes nothing [P3]', () => {
    const own = sayingsFor(address)
    const any = everySaying(address)
    const saying = fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...own) },
      { weight: 1, arbitrary: fc.constantFrom(...any) },
    )
    const start = fc.constantFrom(...states)
    fc.assert(
      fc.property(start, fc.array(saying, { maxLength: 25 }), (from, sayings) => {
        const steps = stepsOf(address, from)
        for (const said of sayings) {
          const before = steps.state
          const decision = steps.take(said)
          check(decision, before)
          // Stepped from what the log has, in an actor of its own, it comes to the same.
          expect(decide(def, address, reread(before), said, steps.seq)).toEqual(decision)
        }
      }),
      { numRuns: 100 },
    )
  })
})

const reread = (state: State | null): State | null => JSON.parse(JSON.stringify(state)) as State | null

function check(decision: Decision, before: State | null): void {
  if (decision.kind === 'refused') return
  const { state, facts, effects, change } = decision
  expect(reread(state)).toStrictEqual({ ...state })
  expect(applyChange(before?.context ?? {}, change)).toEqual(state.context)
  for (const fact of facts) expect(Fact.safeParse(fact).error, JSON.stringify(fact)).toBeUndefined()
  for (const effect of effects) checkEffect(effect)
}

function checkEffect({ kind, params }: AnyEffect): void {
  const spec = EFFECTS[kind as keyof typeof EFFECTS]
  expect(spec, kind).toBeDefined()
  expect(spec.params.safeParse(params).error, JSON.stringify({ kind, params })).toBeUndefined()
  expect(JSON.parse(JSON.stringify(params))).toStrictEqual(params)
  if (kind !== 'tell') return
  for (const { message } of params.messages as { message: AnyMessage }[]) {
    expect(Message.safeParse(message).error, JSON.stringify(message)).toBeUndefined()
  }
}
