import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fold, NO_ACTIVITY } from '../../src/actors/session/activity.ts'
import { beginning, isActivity, isTooSoon, stand } from '../../src/actors/session/standing.ts'
import {
  activity as activitySchema,
  type Heard,
  STANDINGS,
  type Standing,
  heard as schema,
  standing as standingSchema,
} from '../../src/events/hearing.ts'

const T0 = '2027-03-01T08:00:00.000Z'
const LATER = '2027-03-01T08:05:00.000Z'
const SOON = '2027-03-01T08:00:01.000Z'

const at = (state: Standing['state'], more: Partial<Standing> = {}): Standing => ({
  state,
  since: T0,
  reason: '',
  tool: null,
  until: null,
  ...more,
})

const hook = { via: 'hook' } as const
const screen = { via: 'screen' } as const
const ready = { kind: 'ready', runtimeSession: 'u-1', transcript: null, model: null } as const
const FULL = at('stuck', { reason: 'contextFull: Prompt is too long' })
const COMPACTS = stand(at('thinking'), { kind: 'compacting', trigger: 'auto', ...hook }, T0)
const IN_BACKGROUND = stand(at('thinking'), { kind: 'turnEnded', background: 1, ...hook }, LATER)

type Row = readonly [before: Standing, heard: Heard, state: Standing['state'], more?: Partial<Standing>]

const HOOKS: readonly Row[] = [
  [at('starting'), { ...ready, ...hook, source: 'startup' }, 'ready'],
  [at('thinking'), { ...ready, ...hook, source: 'startup' }, 'thinking'],
  [at('compacting'), { ...ready, ...hook, source: 'compact' }, 'compacting'],
  [at('idle'), { ...ready, ...hook, source: 'clear' }, 'ready'],
  [at('ready'), { kind: 'turnStarted', nudge: null, ...hook }, 'thinking'],
  [at('limited'), { kind: 'turnStarted', nudge: null, ...hook }, 'thinking'],
  [at('thinking'), { kind: 'toolStarted', tool: 'Bash', ...hook }, 'runningTool', { tool: 'Bash' }],
  [at('idle'), { kind: 'toolStarted', tool: 'Bash', ...hook }, 'runningTool'],
  [
    at('runningTool', { tool: 'Bash' }),
    { kind: 'toolEnded', tool: 'Bash', failed: false, ...hook },
    'thinking',
    { tool: null },
  ],
  [at('runningTool'), { kind: 'toolDenied', tool: 'Bash', ...hook }, 'thinking'],
  [at('idle'), { kind: 'toolEnded', tool: 'Bash', failed: false, ...hook }, 'idle'],
  [IN_BACKGROUND, { kind: 'toolStarted', tool: 'Bash', ...hook }, 'idle'],
  [
    at('thinking'),
    { kind: 'asks', what: 'permission', tool: 'Bash', message: 'May I?', ...hook },
    'waitingForPermission',
    { tool: 'Bash', reason: 'May I?' },
  ],
  [
    at('thinking'),
    { kind: 'asks', what: 'plan', tool: 'ExitPlanMode', message: '', ...hook },
    'waitingForPerson',
  ],
  [
    at('waitingForPermission', { tool: 'Bash' }),
    { kind: 'asks', what: 'permission', tool: '', message: 'reminder', ...hook },
    'waitingForPermission',
    { tool: 'Bash' },
  ],
  [
    at('waitingForPermission', { tool: 'Bash' }),
    { kind: 'toolEnded', tool: 'Bash', failed: false, ...hook },
    'thinking',
  ],
  [
    at('waitingForPermission', { tool: 'Bash' }),
    { kind: 'toolEnded', tool: 'Read', failed: false, ...hook },
    'waitingForPermission',
  ],
  [
    at('waitingForPermission', { tool: 'Bash' }),
    { kind: 'toolStarted', tool: 'Read', ...hook },
    'waitingForPermission',
  ],
  [at('thinking'), { kind: 'turnEnded', background: 0, ...hook }, 'idle', { reason: '' }],
  [
    at('thinking'),
    { kind: 'turnFailed', error: 'rate_limit', message: 'later', ...hook },
    'limited',
    { reason: 'rate_limit: later', until: null },
  ],
  [
    at('thinking'),
    { kind: 'turnFailed', error: 'server_error', message: '', ...hook },
    'stuck',
    { reason: 'apiError: server_error' },
  ],
  [
    at('thinking'),
    { kind: 'turnFailed', error: 'context_full', message: 'Prompt is too long', ...hook },
    'stuck',
    { reason: 'contextFull: Prompt is too long' },
  ],
  [at('thinking'), { kind: 'compacting', trigger: 'auto', ...hook }, 'compacting'],
  [
    stand(at('thinking'), { kind: 'compacting', trigger: 'auto', ...hook }, LATER),
    { kind: 'compacted', ...hook },
    'thinking',
  ],
  [
    stand(at('idle'), { kind: 'compacting', trigger: 'manual', ...hook }, LATER),
    { kind: 'compacted', ...hook },
    'idle',
  ],
  [
    at('thinking'),
    { kind: 'limited', until: LATER, message: 'resets 8:05', ...hook },
    'limited',
    { until: LATER },
  ],
  [
    at('limited', { until: LATER }),
    { kind: 'limited', until: null, message: 'still', ...hook },
    'limited',
    { until: LATER },
  ],
  [at('thinking'), { kind: 'looksIdle', ...hook }, 'idle'],
  [at('thinking'), { kind: 'subagentEnded', ...hook }, 'thinking'],
  [at('thinking'), { kind: 'ends', reason: 'other', ...hook }, 'thinking'],
  [
    at('thinking'),
    { kind: 'stuck', name: 'loggedOut', message: 'Please run /login', ...hook },
    'stuck',
    { reason: 'loggedOut: Please run /login' },
  ],
]

const TRANSCRIPTS: readonly Row[] = [
  [at('ready'), { kind: 'turnStarted', nudge: 'n-1', via: 'transcript' }, 'thinking'],
  [at('idle'), { kind: 'turnStarted', nudge: 'n-1', via: 'transcript' }, 'idle'],
]

const SCREENS: readonly Row[] = [
  [at('starting'), { ...ready, ...screen, source: 'startup' }, 'ready'],
  [at('thinking'), { ...ready, ...screen, source: 'startup' }, 'thinking'],
  [at('thinking'), { kind: 'looksIdle', ...screen }, 'idle'],
  [at('runningTool', { tool: 'Bash' }), { kind: 'looksIdle', ...screen }, 'idle', { tool: null }],
  [at('waitingForPermission', { tool: 'Bash' }), { kind: 'looksIdle', ...screen }, 'idle'],
  [at('limited'), { kind: 'looksIdle', ...screen }, 'idle'],
  [at('limited', { until: '2027-03-01T09:00:00.000Z' }), { kind: 'looksIdle', ...screen }, 'limited'],
  [at('limited', { until: SOON }), { kind: 'looksIdle', ...screen }, 'idle'],
  [at('stuck', { reason: 'apiError: server_error' }), { kind: 'looksIdle', ...screen }, 'stuck'],
  [at('stuck', { reason: 'trustDialog: …' }), { kind: 'looksIdle', ...screen }, 'idle'],
  [FULL, { kind: 'looksIdle', ...screen }, 'stuck', { reason: FULL.reason }],
  [
    FULL,
    { kind: 'stuck', name: 'contextFull', message: 'Context limit reached', ...screen },
    'stuck',
    { reason: FULL.reason },
  ],
  [at('idle'), { kind: 'looksBusy', ...screen }, 'idle'],
  // A program that finds nothing to compact says no word of it, and goes on.
  [COMPACTS, { kind: 'looksBusy', ...screen }, 'thinking'],
  [COMPACTS, { kind: 'compacting', trigger: 'auto', ...screen }, 'compacting'],
  [at('waitingForPerson'), { kind: 'looksBusy', ...screen }, 'thinking'],
  [
    at('thinking'),
    { kind: 'asks', what: 'permission', tool: '', message: 'Do you want to proceed?', ...screen },
    'waitingForPermission',
    { tool: null },
  ],
  [
    at('waitingForPermission', { tool: 'Bash' }),
    { kind: 'asks', what: 'permission', tool: '', message: 'Do you', ...screen },
    'waitingForPermission',
    { tool: 'Bash' },
  ],
  [
    at('limited'),
    { kind: 'limited', until: LATER, message: 'resets 8:05', ...screen },
    'limited',
    { until: LATER },
  ],
  [at('thinking'), { kind: 'compacting', trigger: 'auto', ...screen }, 'compacting'],
  [at('ready'), { kind: 'turnStarted', nudge: null, ...screen }, 'thinking'],
  [at('thinking'), { kind: 'turnEnded', background: 0, ...screen }, 'idle'],
  [at('idle'), { kind: 'toolStarted', tool: 'Bash', ...screen }, 'idle'],
]

const named = (rows: readonly Row[]) => rows.map((row) => [row[0].state, row[1].kind, row[2], row] as const)

describe('[SESSION-11] the order of evidence', () => {
  test.each(named(HOOKS))('a hook: %s, then %s, is %s', (_, __, state, [before, heard, , more]) => {
    expect(stand(before, heard, LATER)).toMatchObject({ state, ...more })
  })
  test.each(named(TRANSCRIPTS))('a transcript: %s, then %s, is %s', (_, __, state, [before, heard]) => {
    expect(stand(before, heard, LATER).state).toBe(state)
  })
  test.each(named(SCREENS))('a screen: %s, then %s, is %s', (_, __, state, [before, heard, , more]) => {
    expect(stand(before, heard, LATER)).toMatchObject({ state, ...more })
  })
  test.each(named(SCREENS.filter(([{ state }]) => state !== 'starting')))(
    'a screen a second after the last word changes nothing: %s, then %s',
    (_, __, ___, [before, heard]) => {
      expect(stand(before, heard, SOON)).toBe(before)
    },
  )

  test('a screen that came too soon is known for one', () => {
    expect(isTooSoon(at('thinking'), { kind: 'looksIdle', ...screen }, SOON)).toBe(true)
    expect(isTooSoon(at('thinking'), { kind: 'looksIdle', ...screen }, LATER)).toBe(false)
    expect(isTooSoon(at('idle'), { kind: 'looksIdle', ...screen }, SOON)).toBe(false)
    expect(isTooSoon(at('thinking'), { kind: 'looksIdle', ...hook }, SOON)).toBe(false)
  })

  test('while a decision of ours is open, tools that end beside it do not answer it', () => {
    const heard: Heard = { kind: 'toolEnded', tool: 'Bash', failed: false, ...hook }
    const before = at('waitingForPermission', { tool: 'Bash' })
    expect(stand(before, heard, LATER, true)).toBe(before)
  })

  test('it is so since the time at which it changed', () => {
    expect(stand(at('ready'), { kind: 'turnStarted', nudge: null, ...hook }, LATER).since).toBe(LATER)
    const before = at('thinking')
    expect(stand(before, { kind: 'turnStarted', nudge: null, ...hook }, LATER)).toBe(before)
  })
})

test('[SESSION-10] from tool to tool is activity, and nothing else is', () => {
  const tool = { kind: 'toolStarted', tool: 'Bash', ...hook } as const
  expect(isActivity(at('thinking'), tool)).toBe(true)
  expect(isActivity(at('runningTool'), { kind: 'toolEnded', tool: 'Bash', failed: true, ...hook })).toBe(true)
  expect(isActivity(IN_BACKGROUND, tool)).toBe(true)
  expect(isActivity(at('idle'), tool)).toBe(false)
  for (const kind of ['turnStarted', 'turnEnded', 'asks', 'compacted', 'limited'] as const) {
    const sample = HOOKS.find(([, heard]) => heard.kind === kind)?.[1]
    expect(sample === undefined || isActivity(at('thinking'), sample), kind).toBe(false)
  }
})

const text = fc.string({ maxLength: 3_000, unit: 'binary' })
const moment = fc
  .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString())
const via = fc.constantFrom('hook', 'call', 'transcript', 'screen')
const kinds = schema.options.map((option) => option.shape.kind.value)
const anything = fc
  .record({
    kind: fc.constantFrom(...kinds),
    via,
    runtimeSession: fc.option(text),
    transcript: fc.option(text),
    model: fc.option(text),
    source: fc.constantFrom('startup', 'resume', 'fork', 'clear', 'compact'),
    nudge: fc.option(text),
    background: fc.nat(),
    error: text,
    message: text,
    tool: text,
    failed: fc.boolean(),
    what: fc.constantFrom('permission', 'question', 'plan', 'other'),
    trigger: fc.constantFrom('manual', 'auto'),
    until: fc.option(moment),
    name: text,
    reason: text,
  })
  .map((all) => all as unknown as Heard)

test('[SESSION-10] whatever is heard, it stands in one of the states there are, and its record is small', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anything, moment, fc.boolean()), { maxLength: 40 }), (said) => {
      let standing = beginning(T0)
      let activity = NO_ACTIVITY
      for (const [heard, when, asking] of said) {
        const before = standing
        standing = stand(before, heard, when, asking)
        activity = fold(activity, heard)
        expect(STANDINGS).toContain(standing.state)
        expect(standingSchema.safeParse(standing).error).toBeUndefined()
        expect(activitySchema.safeParse(activity).error).toBeUndefined()
        expect(Object.keys(activity.byTool).length).toBeLessThanOrEqual(20)
        // Told once more, nothing changes.
        if (heard.via !== 'screen') expect(stand(standing, heard, when, asking)).toBe(standing)
        if (isActivity(before, heard))
          expect(['waitingForPermission', 'idle', before.state, 'thinking', 'runningTool']).toContain(
            standing.state,
          )
      }
    }),
  )
})
