// A session that gives no sign, and what its sandbox does about it.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dueOf, leftOf, type Watch } from '../../src/actors/session/patience.ts'
import type { SessionContext } from '../../src/actors/session/session.context.ts'
import { PATIENCE } from '../../src/events/health-settings.ts'
import type { Heard, Standing } from '../../src/events/hearing.ts'
import { decisions, type Saying, stepsOf } from '../support/decisions.ts'
import { AGENT, BEAD, COMMIT, CREW_SESSION, message, RIG, SANDBOX, SESSION } from '../support/messages.ts'

const START = Date.UTC(2027, 2, 1, 8)
const SECOND = 1_000
const MINUTE = 60 * SECOND
/** That message so long after the beginning. */
const at = (ms: number, said: Saying): Saying => ({
  ...said,
  meta: { at: new Date(START + ms).toISOString() },
})
const overdue = message('session.overdue')
const hook = { via: 'hook' } as const
const hears = (heard: Heard) => message('session.heard', { heard, activity: null })
const started = message('session.started', { runtime: 'claude', runtimeSession: 'u-1' })
const ready = hears({
  kind: 'ready',
  ...hook,
  runtimeSession: 'u-1',
  transcript: null,
  model: null,
  source: 'startup',
})
const turn = (nudge: string | null = null) => hears({ kind: 'turnStarted', ...hook, nudge })
const turnEnded = (background = 0) => hears({ kind: 'turnEnded', ...hook, background })
const active = message('session.active')
const open = message('session.open')
const running = [at(0, open), at(0, started)]
const atWork = [...running, at(0, ready), at(0, turn())]
const atRest = [...atWork, at(MINUTE, turnEnded())]
const timer = (delayMs: number) => ['timer', { event: 'session.overdue', delayMs }] as const
const told = (more: object) => [[SANDBOX, { type: 'sandbox.stalled', session: SESSION, ...more }]] as const

const session = (history: readonly Saying[], address = SESSION) => decisions(address).given(...history)
const contextOf = (history: readonly Saying[], address = SESSION): SessionContext => {
  const steps = stepsOf(address)
  for (const each of history) steps.take(each)
  return steps.state?.context as unknown as SessionContext
}

describe('a session', () => {
  test('[SESSION-23] an agent that rests with its work not handed in stalls after 2 minutes, with what was seen last', () => {
    session(atWork)
      .when(at(MINUTE, turnEnded()))
      .gives({ effects: [timer(2 * MINUTE)] })
    session(atRest)
      .when(at(3 * MINUTE, overdue))
      .gives({
        facts: [
          {
            type: 'AgentStalled',
            session: SESSION,
            bead: BEAD,
            kind: 'idle',
            since: new Date(START + MINUTE).toISOString(),
            n: 1,
            evidence: { seq: 5, what: 'its turn was over and nothing was handed in' },
          },
        ],
        tells: told({ kind: 'idle', n: 1, progressed: false, spoken: null }),
        effects: [['tell'], timer(5 * MINUTE)].slice(1) as [string, object][],
      })
  })

  test.each([
    ['start', running, 2],
    ['silent', atWork, 10],
    ['tool', [...atWork, at(0, message('session.active', { standing: standing('runningTool') }))], 30],
    ['idle', [...atWork, at(0, turnEnded())], 2],
    ['silent', [...atWork, at(0, turnEnded(1))], 10],
    ['silent', [...atWork, at(0, hears({ kind: 'compacting', ...hook, trigger: 'auto' }))], 10],
    ['stuck', [...atWork, at(0, hears({ kind: 'turnFailed', ...hook, error: 'server', message: '' }))], 1],
  ] as const)('[SESSION-23] %s: it is waited for as long as it may take', (_, history, minutes) => {
    const { standing, watch } = contextOf(history)
    expect(watch?.ms).toBeLessThanOrEqual(minutes * MINUTE)
    expect(dueOf({ ...watched, standing: standing as Standing })?.ms).toBe(minutes * MINUTE)
  })

  test('[SESSION-23] what is set for its rig holds for it', () => {
    const patience = { ...PATIENCE, start: 7 * SECOND }
    session([at(0, open)])
      .when(at(0, message('session.started', { runtime: 'claude', patience })))
      .gives({ effects: [timer(7 * SECOND)] })
  })

  test('[SESSION-23] what a screen shows is no sign, unless it changes where the agent stands', () => {
    const { sign } = contextOf(atWork)
    const looks = hears({ kind: 'looksBusy', via: 'screen' })
    expect(contextOf([...atWork, at(9 * MINUTE, looks)]).sign).toEqual(sign)
  })

  test('[SESSION-24] a sign re-arms nothing: when the timer fires, what is left of the patience is waited for', () => {
    session(atWork)
      .when(at(4 * MINUTE, active))
      .gives({ effects: [] })
    session([...atWork, at(4 * MINUTE, active)])
      .when(at(10 * MINUTE, overdue))
      .gives({ facts: [], effects: [timer(4 * MINUTE)] })
    session([...atWork, at(4 * MINUTE, active), at(10 * MINUTE, overdue)])
      .when(at(14 * MINUTE, overdue))
      .gives({ facts: [{ type: 'AgentStalled', kind: 'silent' }] })
  })

  test('[SESSION-24] it stalls exactly its patience after the last sign, whenever its signs came', () => {
    const gap = fc.integer({ min: 1_000, max: 9 * MINUTE })
    fc.assert(
      fc.property(fc.array(gap, { maxLength: 8 }), (gaps) => {
        const { stalledAt, lastSign, fired } = lives(gaps)
        expect(stalledAt).toBe(lastSign + 10 * MINUTE)
        // Two in the time of its patience.
        expect(fired).toBeLessThanOrEqual(2 * (Math.ceil(stalledAt / (10 * MINUTE)) + 1))
      }),
    )
  })

  test.each([
    ['ahead', 8 * 60 * MINUTE],
    ['back', -8 * 60 * MINUTE],
  ])('[SESSION-25] nobody stalls because the clock jumps 8 hours %s, before or after a sign', (_, jump) => {
    // Times of records never decrease.
    const shown = (ms: number, from: number) => Math.max(from, ms + jump)
    if (jump > 0)
      session(atWork)
        .when(at(shown(10 * MINUTE, 0), overdue))
        .gives({ facts: [], effects: [timer(10 * MINUTE)] })
    const sign = at(shown(5 * MINUTE, 2 * MINUTE), active)
    const fires = at(shown(10 * MINUTE, 2 * MINUTE), overdue)
    session([...atWork, at(2 * MINUTE, active), sign])
      .when(fires)
      .gives({ facts: [], effects: [timer(10 * MINUTE)] })
  })

  test('[SESSION-25] who gives no sign stalls in time also while the clock, which was set back, stands still', () => {
    session(atWork)
      .when(at(0, overdue))
      .gives({ facts: [{ type: 'AgentStalled', kind: 'silent', n: 1 }] })
    session([...atWork, at(2 * MINUTE, active), at(2 * MINUTE, overdue)])
      .when(at(2 * MINUTE, overdue))
      .gives({ facts: [{ type: 'AgentStalled', kind: 'silent', n: 1 }] })
  })

  test('[SESSION-30] what nobody mends is said ever more seldom, and goes on being said', () => {
    const steps = stepsOf(SESSION)
    for (const each of atRest) steps.take(each)
    const waits: number[] = []
    let ms = 3 * MINUTE
    for (let n = 1; n <= 25; n += 1) {
      steps.take(at(ms, overdue))
      const { watch, stalls } = (steps.state?.context ?? {}) as unknown as SessionContext
      expect(stalls).toBe(n)
      waits.push(Number(watch?.ms))
      ms += Number(watch?.ms)
    }
    expect(waits.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 5 * MINUTE))
    expect(waits.slice(10, 13)).toEqual([10 * MINUTE, 20 * MINUTE, 40 * MINUTE])
    expect(waits.at(-1)).toBe(360 * MINUTE)
  })

  test('[SESSION-25] of a timer that fires in time the rest is never more than the patience, nor less than nothing', () => {
    const watch: Watch = { kind: 'silent', ms: 600, full: 1_000, spent: 400, seq: 1, at: iso(0) }
    const due = { kind: 'silent', ms: 1_000 } as const
    fc.assert(
      fc.property(fc.integer({ min: -5_000, max: 5_000 }), fc.integer(), (sign, fires) => {
        const left = leftOf(watch, { seq: 2, at: iso(sign) }, due, iso(fires % 100_000))
        expect(left).toBeGreaterThanOrEqual(0)
        expect(left).toBeLessThanOrEqual(1_000)
      }),
    )
  })

  test('[SESSION-26] it is said again after the cooldown, and a sign ends it', () => {
    const stalled = [...atRest, at(3 * MINUTE, overdue)]
    session(stalled)
      .when(at(8 * MINUTE, overdue))
      .gives({ facts: [{ type: 'AgentStalled', n: 2 }], effects: [timer(5 * MINUTE)] })
    session(stalled)
      .when(at(4 * MINUTE, turn('n-0000abc')))
      .gives({
        facts: [
          { type: 'TurnStarted' },
          { type: 'AgentStands' },
          { type: 'AgentGoesOn', kind: 'idle', n: 1 },
        ],
        tells: [
          ['nudges/n-0000abc', { type: 'nudge.accepted' }],
          [SANDBOX, { type: 'sandbox.goesOn', session: SESSION }],
        ],
      })
  })

  test('[SESSION-26] who answered and rests again stalls no sooner than after the cooldown, and names the nudge', () => {
    const answered = [...atRest, at(3 * MINUTE, overdue), at(4 * MINUTE, turn('n-0000abc'))]
    session(answered)
      .when(at(5 * MINUTE, turnEnded()))
      .gives({ effects: [timer(5 * MINUTE)] })
    session([...answered, at(5 * MINUTE, turnEnded())])
      .when(at(10 * MINUTE, overdue))
      .gives({ tells: told({ kind: 'idle', n: 2, spoken: 'n-0000abc' }) })
  })

  test('[SESSION-26] a tool that came to an end since is told', () => {
    const silent = [...atWork, at(10 * MINUTE, overdue), at(11 * MINUTE, active)]
    session(silent)
      .when(at(15 * MINUTE, overdue))
      .gives({ effects: [timer(6 * MINUTE)] })
    session([...silent, at(15 * MINUTE, overdue)])
      .when(at(21 * MINUTE, overdue))
      .gives({ tells: told({ kind: 'silent', n: 2, progressed: true }) })
  })

  test.each([
    ['asks a person', [...atWork, at(0, message('session.asked'))]],
    ['said gt done', [...atWork, at(0, message('session.done'))]],
    ['is told to stop', [...atWork, at(0, message('session.stop'))]],
    ['has ended', [...atWork, at(0, message('session.exited'))]],
    ['has no hooks', [at(0, open), at(0, message('session.started'))]],
  ])('[SESSION-27] nobody waits for a sign of one that %s', (_, history) => {
    expect(contextOf(history)).toMatchObject({ watch: null, stall: null })
  })

  test('[SESSION-27] a program without hooks is waited for only where that is set', () => {
    const patience = { ...PATIENCE, program: MINUTE }
    session([at(0, open)])
      .when(at(0, message('session.started', { patience })))
      .gives({ effects: [timer(MINUTE)] })
  })

  test('[SESSION-27] a crew member at rest has no timer; at work it may stall, and nobody is told', () => {
    expect(contextOf(atRest, CREW_SESSION).watch).toBeNull()
    session(atWork, CREW_SESSION)
      .when(at(10 * MINUTE, overdue))
      .gives({ facts: [{ type: 'AgentStalled', kind: 'silent' }], tells: [] })
  })

  test('[SESSION-28] a limit is waited for until a minute after its end; then it may be typed to', () => {
    const until = new Date(START + 60 * MINUTE).toISOString()
    const limited = hears({ kind: 'limited', via: 'screen', until, message: '' })
    const deliver = message('session.deliver', { nudge: 'n-0000abc', mode: 'idle' })
    session(atWork)
      .when(at(20 * MINUTE, limited))
      .gives({ effects: [timer(41 * MINUTE)] })
    const waits = [...atWork, at(20 * MINUTE, limited)]
    session(waits)
      .when(at(21 * MINUTE, deliver))
      .gives({ tells: [] })
    const over = [...waits, at(61 * MINUTE, overdue)]
    session(waits)
      .when(at(61 * MINUTE, overdue))
      .gives({ facts: [{ kind: 'limit' }] })
    session(over)
      .when(at(61 * MINUTE, deliver))
      .gives({ tells: [['nudges/n-0000abc', { type: 'nudge.go' }]] })
  })

  test('[SESSION-29] a stop that could not be carried out is said once', () => {
    const failed = message('effect.failed', { kind: 'session.stop', code: 'DEADLINE' })
    const stopping = [...atWork, at(0, message('session.stop'))]
    session(stopping)
      .when(failed)
      .gives({ facts: [{ type: 'SessionNotStopped', session: SESSION, code: 'DEADLINE' }] })
    session([...stopping, failed])
      .when(failed)
      .gives({ facts: [] })
  })
})

describe('its sandbox', () => {
  const working = [message('sandbox.open'), message('worktree.added')]
  const stalled = message('sandbox.stalled')
  const checkpointed = message('worktree.checkpointed')
  const known = [...working, stalled, checkpointed]
  const intervene = (step: 'freshSession' | 'redispatch' | 'decision') =>
    message('sandbox.intervene', { session: SESSION, step, reason: 'It made no progress.' })
  const sandbox = (history: readonly Saying[]) => decisions(SANDBOX).given(...history)
  const stop = [SESSION, { type: 'session.stop' }] as const

  test('[SANDBOX-27] the worktree is kept, then the Witness is told how it stood', () => {
    sandbox(working)
      .when(stalled)
      .gives({ effects: [['worktree.checkpoint', { sandbox: SANDBOX }]], tells: [] })
    sandbox([...working, stalled])
      .when(checkpointed)
      .gives({ tells: [[`${RIG}/witness`, { type: 'WORK_STALLED', session: SESSION, mark: COMMIT, n: 1 }]] })
    sandbox([...working, stalled])
      .when(message('worktree.notCheckpointed'))
      .gives({ tells: [[`${RIG}/witness`, { type: 'WORK_STALLED', mark: null }]] })
  })

  test('[SANDBOX-27] of any other session, and while it is held, it is too late', () => {
    const other = message('sandbox.stalled', { session: `${AGENT}/sessions/1.7` })
    sandbox(working).when(other).gives({ facts: [], tells: [], effects: [] })
    const held = [...working, message('sandbox.pause', { reason: 'budget', keepTurn: true })]
    sandbox(held).when(stalled).gives({ facts: [], tells: [], effects: [] })
    sandbox([...working, stalled, ...held.slice(2)])
      .when(checkpointed)
      .gives({ facts: [], tells: [] })
  })

  test('[SANDBOX-28] a fresh session begins in the same worktree, with a note and without the conversation', () => {
    sandbox(known)
      .when(intervene('freshSession'))
      .gives({
        state: 'handingOff',
        facts: [{ type: 'WorkHandedOff', session: SESSION, trigger: 'stalled' }],
        tells: [stop],
      })
    const ended = message('sandbox.sessionEnded', { session: SESSION, resume: 'u-1' })
    sandbox([...known, intervene('freshSession'), ended])
      .when(checkpointed)
      .gives({
        state: 'working',
        facts: [{ type: 'WorktreeCheckpointed' }, { type: 'AttemptBegun', attempt: 2, reason: 'handoff' }],
        tells: [[`${AGENT}/sessions/1.2`, { type: 'session.open', resume: null }]],
      })
  })

  test('[SANDBOX-29] for somebody else its worktree is taken away as it is kept, and the Witness hears of it', () => {
    const ended = message('sandbox.sessionEnded', { session: SESSION })
    sandbox(known)
      .when(intervene('redispatch'))
      .gives({ state: 'leaving', tells: [stop] })
    sandbox([...known, intervene('redispatch'), ended])
      .when(checkpointed)
      .gives({ state: 'shelving', effects: [['worktree.shelve']] })
    sandbox([...known, intervene('redispatch'), ended, checkpointed])
      .when(message('worktree.shelved'))
      .gives({
        state: 'shelved',
        facts: [
          { type: 'WorktreeCheckpointed', cause: 'removal' },
          { type: 'WorktreeRemoved' },
          { type: 'SandboxShelved', how: 'stalled', worktree: false },
        ],
        tells: [
          [`beads/${BEAD}`, { type: 'bead.unhook' }],
          ['mayor', { type: 'escalation.settle' }],
          [AGENT, { type: 'polecat.release', outcome: 'withdrawn' }],
          ['deacon', { type: 'deacon.forget', outcome: 'withdrawn' }],
          [`${RIG}/witness`, { type: 'WORK_GIVEN_BACK', bead: BEAD, stalled: true }],
        ],
      })
  })

  test('[SANDBOX-29] brought back by a person and landed, it is given to nobody again', () => {
    const ended = message('sandbox.sessionEnded', { session: SESSION })
    const back = [message('sandbox.undo'), message('worktree.added')]
    const taken = [...known, intervene('redispatch'), ended, checkpointed, message('worktree.shelved')]
    const second = `${AGENT}/sessions/1.2`
    const landed = [
      message('sandbox.done', { session: second }),
      message('sandbox.close'),
      message('sandbox.sessionEnded', { session: second, done: true }),
      checkpointed,
    ]
    sandbox([...taken, ...back, ...landed])
      .when(message('worktree.removed'))
      .gives({
        tells: [
          [AGENT, { outcome: 'landed' }],
          ['deacon', { outcome: 'landed' }],
          [`${RIG}/witness`, { type: 'WORK_GIVEN_BACK', stalled: false }],
        ],
      })
  })

  test('[SANDBOX-30] for a person it is parked, its session ended', () => {
    sandbox(known)
      .when(intervene('decision'))
      .gives({
        state: 'parked',
        facts: [{ type: 'SandboxParked', reason: 'It made no progress.' }],
        tells: [
          [`beads/${BEAD}`, { type: 'bead.block' }],
          ['mayor', { type: 'escalation.raise', code: 'STALLED' }],
          stop,
        ],
      })
  })

  const TOO_LATE: [string, Saying[]][] = [
    ['that goes on', [...known, message('sandbox.goesOn')]],
    ['that is held', [...known, message('sandbox.pause', { reason: 'budget', keepTurn: true })]],
    ['that was paused', [...known, message('sandbox.pause', { reason: 'estop' })]],
    ['that handed its work in', [...known, message('sandbox.done', { session: SESSION })]],
    ['of before', [...known, message('sandbox.sessionEnded', { session: SESSION })]],
  ]
  test.each(TOO_LATE)('[SANDBOX-31] nothing is done about a session %s', (_, history) => {
    for (const step of ['freshSession', 'redispatch', 'decision'] as const)
      sandbox(history).when(intervene(step)).gives({ refused: 'STALL_OVER' })
  })
})

function standing(state: Standing['state']): Standing {
  return { state, since: iso(0), reason: '', tool: null, until: null }
}
const watched = { patience: PATIENCE, role: 'polecat', hooked: true, blind: false, at: iso(0) } as const

function iso(ms: number): string {
  return new Date(START + ms).toISOString()
}

/** An agent at work that gives a sign after each of these gaps, and then none: when it stalls by a true clock. */
function lives(gaps: readonly number[]): { stalledAt: number; lastSign: number; fired: number } {
  const steps = stepsOf(SESSION)
  for (const each of atWork) steps.take(each)
  let due = 10 * MINUTE
  let lastSign = 0
  let fired = 0
  const fire = (): boolean => {
    fired += 1
    const decision = steps.take(at(due, overdue))
    if (decision.kind === 'refused') throw new Error(decision.refusal.message)
    if (decision.facts.some(({ type }) => type === 'AgentStalled')) return true
    const set = decision.effects.find(({ kind }) => kind === 'timer')
    due += Number(set?.params.delayMs)
    return false
  }
  for (const gap of gaps) {
    while (due <= lastSign + gap) if (fire()) return { stalledAt: due, lastSign, fired }
    lastSign += gap
    steps.take(at(lastSign, active))
  }
  while (!fire());
  return { stalledAt: due, lastSign, fired }
}
