// The brakes over a system in memory, with a clock that is set by hand.

import { setImmediate } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import { dayBegan, dayEnds } from '../../src/api/day.ts'
import { type Budget, budgetsIn } from '../../src/events/budget.ts'
import type { Message } from '../../src/events/index.ts'
import type { AnyFact } from '../../src/events/record.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { openSystem } from '../../src/system/system.ts'
import { type System, SystemError } from '../../src/system/types.ts'
import { type Brakes, createBrakes } from '../../src/town/brakes.ts'
import { AGENT, BEAD, message, REVIEW, REVIEW_SESSION, RIG, SANDBOX, SESSION } from '../support/messages.ts'

const NOON = new Date(2027, 2, 1, 12).getTime()
const HOUR = 3_600_000
const nothing = { usd: 0, tokens: 0, unpriced: 0 }

async function opened() {
  let now = NOON
  const timers = new Map<symbol, { at: number; fire: () => void }>()
  const clock = {
    now: () => now,
    after(ms: number, fire: () => void) {
      const id = Symbol('timer')
      timers.set(id, { at: now + ms, fire })
      return () => timers.delete(id)
    },
  }
  const projections = createProjections()
  const facts: AnyFact[] = []
  const checkpoints: string[] = []
  const troubles: string[] = []
  let brakes: Brakes | null = null
  const system = await openSystem({
    log: createMemoryLog(),
    machines: machineAt,
    clock: { now: () => now, after: () => () => {} },
    onRecord(record) {
      applyAll(projections, record)
      facts.push(...record.facts)
      brakes?.record(record)
    },
  })
  const keep = async (sandbox: string) => void checkpoints.push(`${sandbox} ${facts.length}`)
  const apply = (of: System = system, checkpoint: (sandbox: string) => Promise<void> = keep) => {
    brakes = createBrakes({
      system: of,
      projections,
      clock,
      checkpoint,
      onTrouble: (code, what) => troubles.push(`${code} ${what}`),
    })
    return brakes
  }
  let said = 0
  const town = {
    system,
    facts,
    checkpoints,
    troubles,
    apply,
    async say(to: string, ...messages: readonly { readonly type: string }[]) {
      for (const each of messages) {
        const result = await system.take(
          { id: `said ${++said}`, by: 'overseer', messages: [{ to, message: each }] },
          { settled: true },
        )
        if (!result.accepted) throw new Error(`${each.type}: ${JSON.stringify(result)}`)
      }
      // The worktree of a session that has ended is under a checkpoint.
      if (system.owner(SANDBOX)?.context.keeping === true)
        await system.take({
          id: `kept ${said}`,
          by: 'worker',
          messages: [{ to: SANDBOX, message: message('worktree.checkpointed') }],
        })
      await town.rest()
    },
    async rest() {
      for (let n = 0; n < 5; n += 1) {
        await brakes?.idle()
        await system.idle()
      }
    },
    /** The machine wakes at `at`: what was due meanwhile fires now. */
    async wake(at: number) {
      now = at
      for (const [id, timer] of [...timers]) {
        if (timer.at > now) continue
        timers.delete(id)
        timer.fire()
      }
      await town.rest()
    },
    timers,
    sandbox: () => system.owner(SANDBOX),
    budget: () => budgetsIn(system.owner('budgets')?.context ?? {})[0] as Budget,
    used: (usd: number) =>
      town.say(SESSION, {
        type: 'session.report',
        report: { type: 'usage', data: { model: 'own', inputTokens: 1, outputTokens: 1, costUsd: usd } },
      } as Message),
    heard: (heard: object) =>
      town.say(SESSION, { type: 'session.heard', heard: { via: 'hook', ...heard }, activity: null } as never),
  }
  await town.say('town', message('town.install'), message('town.start'))
  await town.say(SANDBOX, message('sandbox.open'), message('worktree.added'))
  await town.say(
    SESSION,
    message('session.started', { pid: 7, command: ['claude'], runtime: 'claude' } as never),
  )
  await town.heard({ kind: 'ready', runtimeSession: 'c-1', transcript: null, model: null, source: 'startup' })
  await town.heard({ kind: 'turnStarted', nudge: null })
  return town
}

const budget = (changed: object = {}) =>
  ({
    type: 'budget.set',
    scope: 'town',
    id: 'town',
    usd: 1,
    tokens: null,
    per: 'day',
    total: nothing,
    spent: nothing,
    record: 0,
    until: dayEnds(NOON),
    ...changed,
  }) as const
/** What `used(5)` comes to. */
const five = { usd: 5, tokens: 2, unpriced: 0 }
const all = { total: five, spent: five }
const turnEnded = { kind: 'turnEnded', background: 0 }

test('[TOWNUP-31] the turn in hand ends before its session does; then the checkpoint comes first', async () => {
  const town = await opened()
  town.apply()
  await town.say('budgets', budget())
  await town.used(0.4)
  expect(town.sandbox()?.context.held).toEqual([])
  await town.used(0.6)
  expect(town.facts.filter(({ type }) => type === 'BudgetReached')).toMatchObject([
    { spentUsd: 1, capUsd: 1 },
  ])
  expect(town.sandbox()).toMatchObject({ value: 'working', context: { held: ['budget'] } })
  expect(town.checkpoints).toEqual([])
  // What goes beyond is said.
  await town.used(0.5)
  expect(town.facts.filter(({ type }) => type === 'BudgetOverrun')).toMatchObject([{ spentUsd: 1.5 }])
  const before = town.facts.length
  await town.heard(turnEnded)
  expect(town.sandbox()?.value).toBe('paused')
  const pausedAt = town.facts.findIndex(({ type }) => type === 'SandboxPaused')
  expect(town.facts[pausedAt]).toMatchObject({ bead: BEAD, reason: 'budget' })
  expect(town.checkpoints).toHaveLength(1)
  expect(Number(town.checkpoints[0]?.split(' ')[1])).toBeGreaterThan(before)
  expect(Number(town.checkpoints[0]?.split(' ')[1])).toBeLessThanOrEqual(pausedAt)
  expect(town.troubles).toEqual([])
})

test('[TOWNUP-31] between two turns its session is ended at once, and nobody else’s', async () => {
  for (const [scope, id, rests] of [
    ['town', 'town', true],
    ['rig', RIG, true],
    ['bead', BEAD, true],
    ['agent', AGENT, true],
    ['rig', 'barn', false],
    ['bead', 'sh-9', false],
    ['agent', 'shop/polecats/slit', false],
  ] as const) {
    const town = await opened()
    town.apply()
    await town.used(5)
    await town.heard(turnEnded)
    await town.say('budgets', budget({ scope, id, ...all }))
    expect(town.sandbox()?.value, `${scope} ${id}`).toBe(rests ? 'paused' : 'working')
  }
})

test('[TOWNUP-31] a new day lets go on who rests, also when the machine slept over midnight', async () => {
  const town = await opened()
  town.apply()
  await town.say('budgets', budget())
  await town.heard(turnEnded)
  await town.used(1)
  await town.say(SESSION, message('session.exited'))
  expect(town.sandbox()?.value).toBe('paused')
  // A machine that sleeps stands still for timers, so midnight is not waited for in one piece.
  expect([...town.timers.values()].map(({ at }) => at - NOON <= 60_000)).toEqual([true])
  await town.wake(NOON + 60_000)
  expect(town.facts.some(({ type }) => type === 'BudgetLifted')).toBe(false)
  await town.wake(NOON + 20 * HOUR)
  expect(town.facts.filter(({ type }) => type === 'BudgetLifted')).toMatchObject([{ reason: 'day' }])
  expect(town.sandbox()?.value).toBe('working')
  expect(town.budget()).toMatchObject({ until: dayEnds(NOON + 20 * HOUR), reachedAt: null })
  // Nothing rests, so nobody looks at the clock.
  expect(town.timers.size).toBe(0)
})

test('[TOWNUP-31] a day that began while nobody was there is found at the start', async () => {
  const town = await opened()
  const first = town.apply()
  await town.say('budgets', budget())
  await town.heard(turnEnded)
  await town.used(1)
  await town.say(SESSION, message('session.exited'))
  first.close()
  await town.wake(NOON + 40 * HOUR)
  expect(town.sandbox()?.value).toBe('paused')
  await town.apply().begin()
  await town.rest()
  expect(town.sandbox()?.value).toBe('working')
})

test('[TOWNUP-31] what was used while nobody told the budgets is found at the start, once', async () => {
  const town = await opened()
  await town.say('budgets', budget())
  await town.heard(turnEnded)
  await town.used(1)
  expect(town.sandbox()?.value).toBe('working')
  await town.apply().begin()
  await town.rest()
  expect(town.sandbox()?.value).toBe('paused')
  const records = town.system.seq
  await town.apply().begin()
  await town.rest()
  expect(town.system.seq).toBe(records)
})

test('[TOWNUP-31] what the budgets could not be told is told a second later', async () => {
  const town = await opened()
  let isAway = true
  const take: System['take'] = (...turn) =>
    isAway ? Promise.reject(new SystemError('TOWN_BUSY', 'the log is away')) : town.system.take(...turn)
  town.apply(Object.create(town.system, { take: { value: take } }) as System)
  await town.say('budgets', budget())
  await town.heard(turnEnded)
  await town.used(1)
  expect(town.sandbox()?.value).toBe('working')
  isAway = false
  await town.wake(NOON + 1_000)
  expect(town.facts.some(({ type }) => type === 'BudgetReached')).toBe(true)
  expect(town.sandbox()?.value).toBe('paused')
})

test('[TOWNUP-30] a stop that a daemon did not live to carry out is carried out at the next start', async () => {
  const town = await opened()
  await town.say('town', message('town.estop'))
  expect(town.sandbox()?.value).toBe('working')
  await town.apply().begin()
  await town.rest()
  expect(town.sandbox()).toMatchObject({ value: 'paused', context: { held: ['estop'] } })
  expect(town.system.owner(SESSION)?.value).toBe('stopping')
})

test('[TOWNUP-30] a stop of fifty makes a few checkpoints at a time, tells each when its own is made, and all when the time is over', async () => {
  const town = await opened()
  const many = Array.from({ length: 50 }, (_, n) => `shop/polecats/p${n}/sandboxes/1`)
  const held = new Set<string>()
  const state = (of: string) => ({
    value: held.has(of) ? 'paused' : 'working',
    context: { path: `/town/${of}`, held: held.has(of) ? ['estop'] : [], session: null },
    seq: 1,
    machine: 'sandbox@1',
  })
  const take: System['take'] = async ({ messages }) => {
    for (const { to } of messages) held.add(to)
    return { accepted: true, records: [], repeated: false }
  }
  const system = Object.create(town.system, {
    take: { value: take },
    living: {
      value: (machine: string) => (machine === 'sandbox' ? many.map((of) => [of, state(of)] as const) : []),
    },
    owner: { value: (of: string) => (many.includes(of) ? state(of) : town.system.owner(of)) },
  }) as System
  const underWay: (() => void)[] = []
  let begun = 0
  const checkpoint = () => {
    begun += 1
    return new Promise<void>((made) => underWay.push(made))
  }
  town.apply(system, checkpoint)
  void town.say('town', message('town.estop'))
  await vi.waitFor(() => expect(underWay).toHaveLength(4))
  underWay.shift()?.()
  await vi.waitFor(() => expect(underWay).toHaveLength(4))
  expect([...held]).toEqual([many[0]])
  void town.wake(NOON + 1_299)
  await setImmediate()
  expect(held.size).toBe(1)
  void town.wake(NOON + 1_300)
  await vi.waitFor(() => expect(held.size).toBe(50))
  expect(begun).toBe(5)
  expect(town.troubles).toEqual([])
})

test('[TOWNUP-30] two reasons to rest are two: one that goes lets nobody go on', async () => {
  const town = await opened()
  town.apply()
  await town.used(5)
  await town.heard(turnEnded)
  await town.say('budgets', budget({ ...all }))
  await town.say('town', message('town.estop'))
  await town.say(SESSION, message('session.exited'))
  expect(town.sandbox()).toMatchObject({ value: 'paused', context: { held: ['budget', 'estop'] } })
  await town.say('town', message('town.thaw'))
  expect(town.sandbox()).toMatchObject({ value: 'paused', context: { held: ['budget'] } })
  await town.say('budgets', budget({ usd: 9, ...all }))
  expect(town.sandbox()).toMatchObject({ value: 'working', context: { held: [] } })
})

test('a local day begins and ends at midnight', () => {
  expect(new Date(dayBegan(NOON))).toEqual(new Date(2027, 2, 1))
  expect(new Date(dayEnds(NOON))).toEqual(new Date(2027, 2, 2))
  expect(dayEnds(new Date(2027, 2, 2).getTime() - 1)).toBe(dayEnds(NOON))
  expect(dayBegan(new Date(2027, 2, 2).getTime())).toBe(dayEnds(NOON))
})

test('[REVIEW-8] a review rests while everybody is stopped, and when the budget of its bead is used up', async () => {
  const town = await opened()
  const brakes = town.apply()
  await brakes.begin()
  const held = () => [town.system.owner(REVIEW)?.value, town.system.owner(REVIEW)?.context.held]
  await town.say(REVIEW, message('review.ask'), message('review.ready'))
  expect(held()).toEqual(['reviewing', []])
  await town.say('budgets', budget({ scope: 'bead', id: BEAD }))
  await town.used(5)
  expect(held()).toEqual(['ending', ['budget']])
  expect(town.system.owner(REVIEW_SESSION)?.value).toBe('stopping')
  await town.say(REVIEW, message('review.sessionEnded'), message('review.removed'))
  expect(held()).toEqual(['idle', ['budget']])
  await town.say('budgets', budget({ scope: 'bead', id: BEAD, usd: 50, ...all }))
  expect(held()).toEqual(['preparing', []])
  await town.say('town', message('town.estop'))
  expect(held()).toEqual(['preparing', ['estop']])
  await town.say(REVIEW, message('review.ready'), message('review.removed'))
  expect(held()).toEqual(['idle', ['estop']])
  await town.say('town', message('town.thaw'))
  expect(held()).toEqual(['preparing', []])
})
