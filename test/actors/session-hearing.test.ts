import { describe, expect, test } from 'vitest'
import type { Heard } from '../../src/events/hearing.ts'
import type { NudgeMode } from '../../src/events/nudge.ts'
import { decisions, stepsOf } from '../support/decisions.ts'
import { message, SANDBOX, SESSION } from '../support/messages.ts'

const session = () => decisions(SESSION)
const hook = { via: 'hook' } as const
const hears = (heard: Heard, activity: Parameters<typeof message<'session.heard'>>[1] = {}) =>
  message('session.heard', { heard, activity: null, ...activity })
const runtimeSession = 'u-1'
const started = message('session.started', { runtime: 'claude', runtimeSession })
const running = [message('session.open'), started]
const ready = hears({
  kind: 'ready',
  ...hook,
  runtimeSession,
  transcript: '/h/u-1.jsonl',
  model: 'm-1',
  source: 'startup',
})
const turn = (nudge: string | null = null) => hears({ kind: 'turnStarted', ...hook, nudge })
const turnEnded = hears({ kind: 'turnEnded', ...hook, background: 0 })
const idle = [...running, ready]
const thinking = [...idle, turn()]
const deliver = (nudge: string, mode: NudgeMode) => message('session.deliver', { nudge, mode })
const delivered = (nudge: string) => message('session.delivered', { nudge })
const go = (nudge: string) => [`nudges/${nudge}`, { type: 'nudge.go' }] as const
const exited = message('session.exited', { ending: { kind: 'exited', exitCode: 1 } })
const asked = message('session.asked', { decision: 'd-1', kind: 'permission', tool: 'Bash' })
const stands = (state: string, more: object = {}) => ({ type: 'AgentStands', standing: { state, ...more } })

/** What the last of these hands on to the next session. */
function conversationAfter(...messages: Parameters<ReturnType<typeof stepsOf>['take']>[0][]): unknown {
  const steps = stepsOf(SESSION)
  const decisions = messages.map((each) => steps.take(each))
  return /"done":false,"resume":"([^"]*)"/.exec(JSON.stringify(decisions.at(-1)))?.[1]
}

describe('where it stands', () => {
  test('[SESSION-10] a change is recorded with what was done until then', () => {
    session()
      .given(...idle)
      .when(turn())
      .gives({ facts: [{ type: 'TurnStarted', nudge: null }, stands('thinking')] })
    const activity = { turns: 1, tools: 2, failedTools: 0, byTool: { Bash: 2 }, lastTool: 'Bash' }
    session()
      .given(...thinking)
      .when({ ...turnEnded, activity })
      .gives({
        facts: [
          { type: 'AgentActive', activity },
          { type: 'TurnEnded', how: 'ended', reason: '' },
          stands('idle'),
        ],
      })
    session()
      .given(...thinking)
      .when(hears({ kind: 'turnFailed', ...hook, error: 'server_error', message: 'overloaded' }))
      .gives({
        facts: [
          { type: 'TurnEnded', how: 'failed', reason: 'apiError: server_error: overloaded' },
          stands('stuck'),
        ],
      })
    session()
      .given(...idle)
      .when(turnEnded)
      .gives({ facts: [stands('idle')] })
  })

  test('[SESSION-10] what it does from tool to tool is one record, and is not older than what was heard since', () => {
    const activity = { turns: 0, tools: 3, failedTools: 1, byTool: { Bash: 3 }, lastTool: 'Bash' }
    const since = '2027-03-01T08:00:04.000Z'
    const standing = { state: 'runningTool', since, reason: '', tool: 'Bash', until: null } as const
    const active = message('session.active', { standing, activity })
    session()
      .given(...thinking)
      .when(active)
      .gives({ facts: [{ type: 'AgentActive' }, stands('runningTool')], context: { standing } })
    session()
      .given(...thinking, turnEnded)
      .when(active)
      .gives({ facts: [{ type: 'AgentActive' }], context: { standing: { state: 'idle' } } })
  })

  test('[SESSION-11] a key that interrupts is seen on the screen alone, and ends the turn', () => {
    const at = '2027-03-01T08:10:00.000Z'
    session()
      .given(...thinking)
      .when({ ...hears({ kind: 'looksIdle', via: 'screen' }), meta: { at } })
      .gives({ facts: [{ type: 'TurnEnded', how: 'interrupted' }, stands('idle')] })
    session()
      .given(...thinking)
      .when(hears({ kind: 'looksIdle', via: 'screen' }))
      .gives({ facts: [], context: { standing: { state: 'thinking' } } })
  })

  test('[SESSION-11] what it is stuck in is seen on the screen alone', () => {
    const stuck = hears({ kind: 'stuck', via: 'screen', name: 'login', message: 'Log in' })
    session()
      .given(...thinking)
      .when({ ...stuck, meta: { at: '2027-03-01T08:10:00.000Z' } })
      .gives({ facts: [stands('stuck', { reason: 'login: Log in' })] })
    session()
      .given(...thinking)
      .when(stuck)
      .gives({ facts: [], context: { standing: { state: 'thinking' } } })
  })

  test('[SESSION-12] the id of the conversation is kept, and handed on by one that was not done', () => {
    session()
      .given(message('session.open'))
      .when(started)
      .gives({ facts: [{ type: 'SessionStarted' }, { type: 'RuntimeSessionKnown', runtimeSession }] })
    session()
      .given(...running)
      .when(ready)
      .gives({
        facts: [{ type: 'RuntimeSessionKnown', transcript: '/h/u-1.jsonl', model: 'm-1' }, stands('ready')],
      })
    session()
      .given(...idle)
      .when(ready)
      .gives({ facts: [] })
    session()
      .given(...thinking)
      .when(exited)
      .gives({ tells: [[SANDBOX, { type: 'sandbox.sessionEnded', done: false, resume: runtimeSession }]] })
    for (const last of [message('session.done'), message('session.handOff')])
      expect(conversationAfter(...thinking, last, exited)).toBeUndefined()
    session()
      .when(message('session.open', { resume: 'u-0' }))
      .gives({ effects: [['session.start', { resume: 'u-0' }]] })
  })

  test('[SESSION-12] a conversation without a turn is not kept by its runtime, and is not handed on', () => {
    expect(conversationAfter(...running, exited)).toBeUndefined()
    expect(conversationAfter(...idle, exited)).toBeUndefined()
    expect(conversationAfter(...thinking, turnEnded, exited)).toBe(runtimeSession)
    const onScreen = hears({ kind: 'turnStarted', via: 'screen', nudge: null })
    expect(conversationAfter(...idle, onScreen, exited)).toBeUndefined()
    const cleared = hears({ ...ready.heard, kind: 'ready', source: 'clear', runtimeSession: 'u-2' } as Heard)
    expect(conversationAfter(...thinking, cleared, exited)).toBeUndefined()
    expect(conversationAfter(...thinking, cleared, turn(), exited)).toBe('u-2')
  })

  test('[SESSION-20] a conversation that is gone on with is not lost by a session that did not get that far', () => {
    const resumed = message('session.open', { resume: 'u-0' })
    const again = message('session.started', { runtime: 'claude', runtimeSession: 'u-0' })
    const notStarted = message('session.notStarted')
    const end = (ending: Parameters<typeof message<'session.exited'>>[1]) => message('session.exited', ending)
    expect(conversationAfter(resumed, notStarted)).toBe('u-0')
    expect(conversationAfter(resumed, again, end({ ending: { kind: 'killed', signal: 'SIGKILL' } }))).toBe(
      'u-0',
    )
    expect(conversationAfter(resumed, again, end({ ending: { kind: 'lost', survivors: [] } }))).toBe('u-0')
    expect(conversationAfter(resumed, again, end({ ending: { kind: 'exited', exitCode: 0 } }))).toBe('u-0')
    const greets = hears({ ...ready.heard, kind: 'ready', source: 'resume', runtimeSession: 'u-0' } as Heard)
    expect(conversationAfter(resumed, again, greets, exited)).toBe('u-0')
  })

  test('[SESSION-20] a program that fails before it greets us does not know the conversation: the next one is fresh', () => {
    const resumed = message('session.open', { resume: 'u-0' })
    const again = message('session.started', { runtime: 'claude', runtimeSession: 'u-0' })
    const said = 'No conversation found with session ID: u-0'
    const fails = message('session.exited', { ending: { kind: 'exited', exitCode: 1, said } })
    expect(conversationAfter(resumed, again, fails)).toBeUndefined()
    expect(conversationAfter(resumed, fails)).toBeUndefined()
  })

  test('[SESSION-12] a hook that is quicker than the news of the start is heard, and the news says whose it was', () => {
    const known = { runtimeSession, transcript: '/h/u-1.jsonl', model: 'm-1' }
    session()
      .given(message('session.open'), ready)
      .when(started)
      .gives({
        state: 'running',
        facts: [{ type: 'SessionStarted' }, { type: 'RuntimeSessionKnown', runtime: 'claude', ...known }],
        context: known,
      })
  })

  test('[SESSION-13] a program without hooks is at work from its start on', () => {
    session()
      .given(message('session.open'))
      .when(message('session.started', { runtime: 'script', runtimeSession: null }))
      .gives({
        facts: [
          { type: 'SessionStarted' },
          stands('thinking', { reason: 'its program runs and has no hooks' }),
        ],
      })
  })

  test('[SESSION-14] usage is counted once', () => {
    const used = message('session.used')
    session()
      .given(...thinking)
      .when(used)
      .gives({
        facts: [{ type: 'TokensUsed', model: 'm-1', runtime: 'claude', rig: 'shop', output: 42 }],
        context: { usedUpTo: '4096' },
      })
    session()
      .given(...thinking, used)
      .when(used)
      .gives({ refused: 'USAGE_STALE' })
    session()
      .given(...thinking, message('session.stop'))
      .when(used)
      .gives({ facts: [{ type: 'TokensUsed' }] })
    const subagent = message('session.used', { source: 'agent-1.jsonl', upTo: '512' })
    session()
      .given(...thinking, used)
      .when(subagent)
      .gives({
        facts: [{ type: 'TokensUsed' }],
        context: { usedUpTo: '4096', 'usedUpTo/agent-1.jsonl': '512' },
      })
    session()
      .given(...thinking, subagent)
      .when(subagent)
      .gives({ refused: 'USAGE_STALE' })
    const usage = ['m-1', 'm-2'].flatMap((model) => used.usage.map((each) => ({ ...each, model })))
    session()
      .given(...thinking)
      .when(message('session.used', { usage }))
      .gives({
        facts: [
          { type: 'TokensUsed', model: 'm-1' },
          { type: 'TokensUsed', model: 'm-2' },
        ],
      })
  })
})

describe('decisions', () => {
  test('[SESSION-15] it waits while one is open, and goes on when the last one is answered', () => {
    session()
      .given(...thinking)
      .when(asked)
      .gives({ facts: [stands('waitingForPermission', { tool: 'Bash' })], context: { asking: ['d-1'] } })
    const second = message('session.asked', { decision: 'd-2', kind: 'question', tool: '' })
    const answered = (decision: string) => message('session.answered', { decision })
    session()
      .given(...thinking, asked, second)
      .when(answered('d-1'))
      .gives({ facts: [], context: { asking: ['d-2'], standing: { state: 'waitingForPerson' } } })
    session()
      .given(...thinking, asked, second, answered('d-1'))
      .when(answered('d-2'))
      .gives({ facts: [stands('thinking')], context: { asking: [] } })
    session()
      .given(...thinking)
      .when(answered('d-9'))
      .gives({ facts: [] })
  })

  test('[SESSION-15] what runs beside it does not answer it; the end of the turn, and of the session, withdraw it', () => {
    const withdrawn = [['decisions/d-1', { type: 'decision.withdraw' }]] as const
    session()
      .given(...thinking, asked)
      .when(hears({ kind: 'toolEnded', ...hook, tool: 'Bash', failed: false }))
      .gives({ tells: [], context: { asking: ['d-1'] } })
    session()
      .given(...thinking, asked)
      .when(turnEnded)
      .gives({ tells: withdrawn, context: { asking: [], standing: { state: 'idle' } } })
    session()
      .given(...thinking, asked)
      .when(exited)
      .gives({ tells: [[SANDBOX, {}], ...withdrawn] })
  })

  test('[SESSION-15] more than twenty at a time are refused', () => {
    const many = Array.from({ length: 20 }, (_, n) =>
      message('session.asked', { decision: `d-${n}`, kind: 'permission', tool: 'Bash' }),
    )
    session()
      .given(...thinking, ...many)
      .when(message('session.asked', { decision: 'd-99' }))
      .gives({ refused: 'ASKS_TOO_MANY' })
  })
})

describe('the composer', () => {
  const compacting = [...thinking, hears({ kind: 'compacting', ...hook, trigger: 'auto' })]
  const limited = [...thinking, hears({ kind: 'limited', ...hook, until: null, message: '' })]
  const stuck = [...thinking, hears({ kind: 'stuck', ...hook, name: 'login', message: '' })]
  const modes = [
    ['idle', 'ready', idle, true],
    ['idle', 'idle', [...thinking, turnEnded], true],
    ['idle', 'compacting', compacting, false],
    ['queue', 'compacting', compacting, true],
    ['queue', 'limited', limited, false],
    ['queue', 'stuck', stuck, false],
    ['immediate', 'compacting', compacting, true],
    ['immediate', 'stuck', stuck, true],
    ['idle', 'thinking', thinking, false],
    ['queue', 'thinking', thinking, true],
    ['queue', 'starting', running, false],
    ['queue', 'waiting', [...thinking, asked], false],
    ['immediate', 'thinking', thinking, true],
    ['immediate', 'waiting', [...thinking, asked], false],
    ['immediate', 'limited', limited, false],
    ['immediate', 'starting', running, false],
  ] as const
  test.each(modes)('[SESSION-16] %s goes when the agent is %s: %#', (mode, _, given, goes) => {
    session()
      .given(...given)
      .when(deliver('n-1', mode))
      .gives({ tells: goes ? [go('n-1')] : [], context: { typing: goes ? 'n-1' : null } })
  })

  test('[SESSION-16] one at a time has it, in the order in which they came', () => {
    session()
      .given(...idle, deliver('n-1', 'idle'))
      .when(deliver('n-2', 'idle'))
      .gives({ tells: [], context: { typing: 'n-1', lines: [{ nudge: 'n-2', mode: 'idle' }] } })
    session()
      .given(...idle, deliver('n-1', 'idle'), deliver('n-2', 'idle'))
      .when(delivered('n-1'))
      .gives({ tells: [go('n-2')], context: { typing: 'n-2', lines: [] } })
    session()
      .given(...thinking, deliver('n-1', 'idle'), deliver('n-2', 'queue'))
      .when(turnEnded)
      .gives({ tells: [], context: { typing: 'n-2' } })
    session()
      .given(...thinking, deliver('n-1', 'idle'))
      .when(turnEnded)
      .gives({ tells: [go('n-1')] })
  })

  test.each(['idle', 'queue', 'immediate'] as const)(
    '[SESSION-21] %s goes at once to a program without hooks, which reads when it likes',
    (mode) => {
      const script = message('session.started', { runtime: 'script', runtimeSession: null })
      session()
        .given(message('session.open'), script)
        .when(deliver('n-1', mode))
        .gives({ tells: [go('n-1')] })
      session()
        .given(message('session.open'), deliver('n-1', mode))
        .when(script)
        .gives({ context: { typing: 'n-1' } })
    },
  )

  test('[SESSION-17] more than 20 are refused, and a session that is about to end takes none', () => {
    const many = Array.from({ length: 20 }, (_, n) => deliver(`n-${n}`, 'idle'))
    session()
      .given(...thinking, ...many)
      .when(deliver('n-99', 'idle'))
      .gives({ refused: 'NUDGE_TOO_MANY' })
    for (const last of [message('session.done'), message('session.handOff'), message('session.stop')])
      session()
        .given(...thinking, last)
        .when(deliver('n-1', 'immediate'))
        .gives({ refused: 'AGENT_HAS_NO_SESSION' })
  })

  test('[SESSION-18] a turn that begins with it accepts it, and its end is told', () => {
    const accepted = ['nudges/n-1', { type: 'nudge.accepted', via: 'hook' }] as const
    const typed = [...idle, deliver('n-1', 'idle')]
    session()
      .given(...typed)
      .when(turn('n-1'))
      .gives({ tells: [accepted], context: { turnOf: 'n-1' } })
    session()
      .given(...typed, turn('n-1'), delivered('n-1'))
      .when(turnEnded)
      .gives({
        tells: [['nudges/n-1', { type: 'nudge.turnEnded', how: 'ended' }]],
        context: { turnOf: null },
      })
    const failed = hears({ kind: 'turnFailed', ...hook, error: 'server_error', message: '' })
    const interrupted = hears({ kind: 'interrupted', via: 'transcript' })
    for (const [last, how] of [
      [failed, 'failed'],
      [interrupted, 'interrupted'],
    ] as const)
      session()
        .given(...typed, turn('n-1'), delivered('n-1'))
        .when(last)
        .gives({ tells: [['nudges/n-1', { type: 'nudge.turnEnded', how }]] })
    // A second one that the same turn takes up ends the turn of the first.
    session()
      .given(...typed, turn('n-1'))
      .when(turn('n-2'))
      .gives({
        tells: [
          ['nudges/n-2', { type: 'nudge.accepted' }],
          ['nudges/n-1', { type: 'nudge.turnEnded', how: 'ended' }],
        ],
      })
    // Its hook was lost, and the turn was over when the transcript was read.
    session()
      .given(...typed, turn(), turnEnded)
      .when(hears({ kind: 'turnStarted', via: 'transcript', nudge: 'n-1' }))
      .gives({
        tells: [
          ['nudges/n-1', { type: 'nudge.accepted', via: 'transcript' }],
          ['nudges/n-1', { type: 'nudge.turnEnded', how: 'ended' }],
        ],
      })
  })

  test('[P6] [SESSION-18] a screen that shows it accepts nothing', () => {
    const onScreen = hears({ kind: 'turnStarted', via: 'screen', nudge: 'n-1' })
    session()
      .given(...idle, deliver('n-1', 'idle'))
      .when({ ...onScreen, meta: { at: '2027-03-01T08:10:00.000Z' } })
      .gives({ tells: [], context: { standing: { state: 'thinking' } } })
  })

  test('[SESSION-19] the end of the session fails what was not taken', () => {
    const failed = { type: 'nudge.fail', code: 'AGENT_HAS_NO_SESSION' }
    session()
      .given(...idle, deliver('n-1', 'idle'), deliver('n-2', 'idle'))
      .when(exited)
      .gives({
        tells: [
          [SANDBOX, {}],
          ['nudges/n-1', failed],
          ['nudges/n-2', failed],
        ],
      })
    session()
      .given(...idle, deliver('n-1', 'idle'), turn('n-1'), delivered('n-1'))
      .when(exited)
      .gives({
        tells: [
          [SANDBOX, {}],
          ['nudges/n-1', { type: 'nudge.turnEnded', how: 'failed' }],
        ],
      })
  })
})
