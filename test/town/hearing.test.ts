import { expect, test } from 'vitest'
import type { Heard, Standing } from '../../src/events/hearing.ts'
import type { MessageOf } from '../../src/events/index.ts'
import type { Preset, Presets, ScreenReading, ScreenView } from '../../src/ports/presets.ts'
import type { Terminals } from '../../src/ports/terminals.ts'
import type { System } from '../../src/system/types.ts'
import { createHearing, RECORD_AFTER_MS } from '../../src/town/agents/hearing.ts'
import { heardOnScreen } from '../../src/town/agents/screen-evidence.ts'
import { stepsOf } from '../support/decisions.ts'
import { message, SESSION } from '../support/messages.ts'

const via = 'hook'
const turn: Heard = { kind: 'turnStarted', via, nudge: null }
const turnEnded: Heard = { kind: 'turnEnded', via, background: 0 }
const tool = (name: string): Heard => ({ kind: 'toolStarted', via, tool: name })
const ended = (name: string): Heard => ({ kind: 'toolEnded', via, tool: name, failed: false })

const BLANK: ScreenReading = { kind: 'ready', composer: '', name: null, message: '', until: null }
const VIEW: ScreenView = { columns: 80, rows: 24, lines: [], cursor: { column: 0, row: 0 }, title: '' }

/** One session behind the real machine, a clock that stands still, and a screen that reads as we say. */
function town() {
  const steps = stepsOf(SESSION)
  for (const each of [message('session.open'), message('session.started', { runtime: 'claude' })])
    steps.take(each)
  let now = Date.UTC(2027, 2, 1, 9)
  let timers: { due: number; fire: () => void }[] = []
  let broken = false
  const taken: (MessageOf<'session.heard'> | MessageOf<'session.active'>)[] = []
  const system = {
    owner: () => steps.state,
    async take({ messages }: Parameters<System['take']>[0]) {
      if (broken) throw new Error('the disk is full')
      for (const each of messages) {
        taken.push(each.message as MessageOf<'session.heard'>)
        steps.take({ ...each.message, meta: { at: new Date(now).toISOString() } })
      }
      return { accepted: true, records: [], repeated: false }
    },
  } as unknown as System
  const reading = { current: BLANK }
  const preset = { name: 'claude', interactive: true, hooks: ['Stop'], read: () => reading.current }
  let quiet: ((id: string, screen: ScreenView) => void) | undefined
  let looks = 0
  const terminals = {
    onQuiet(listener: (id: string, screen: ScreenView) => void) {
      quiet = listener
      return () => {}
    },
    async screen() {
      looks += 1
      return VIEW
    },
  } as unknown as Terminals
  const hearing = createHearing({
    dir: '/nowhere',
    system,
    clock: {
      now: () => now,
      after(ms, fire) {
        const timer = { due: now + ms, fire }
        timers.push(timer)
        return () => {
          timers = timers.filter((each) => each !== timer)
        }
      },
    },
    ids: { random: (length) => `${Math.random()}`.padEnd(length, '0') },
    presets: { get: () => preset as unknown as Preset } as unknown as Presets,
    onTrouble: () => {},
  })
  hearing.watch(terminals)
  return {
    hearing,
    steps,
    taken,
    reading,
    hear: (...heard: Heard[]) => hearing.hear(SESSION, heard),
    stands: (): Standing['state'] | undefined => hearing.live(SESSION)?.state,
    get timers() {
      return timers.length
    },
    get looks() {
      return looks
    },
    breakDisk: (yes: boolean) => {
      broken = yes
    },
    async look() {
      quiet?.(SESSION, VIEW)
      await settle()
    },
    async pass(ms: number) {
      now += ms
      const due = timers.filter((timer) => timer.due <= now)
      timers = timers.filter((timer) => timer.due > now)
      for (const { fire } of due) fire()
      await settle()
    },
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('[SESSION-10] a change is recorded at once, and activity with it', async () => {
  const { hear, taken, stands } = town()
  await hear(turn)
  await hear(tool('Bash'), ended('Bash'), tool('Edit'))
  expect(stands()).toBe('runningTool')
  expect(taken).toMatchObject([{ type: 'session.heard', heard: turn, activity: null }])
  await hear(turnEnded)
  expect(taken.slice(1)).toMatchObject([
    { heard: turnEnded, activity: { turns: 1, tools: 2, byTool: { Bash: 1, Edit: 1 }, lastTool: 'Edit' } },
  ])
  expect(stands()).toBe('idle')
})

test('[SESSION-10] activity alone is recorded once in 30 s, and nothing waits in a quiet session', async () => {
  const all = town()
  await all.hear(turn)
  await all.hear(turnEnded)
  expect(all.timers).toBe(0)
  await all.hear(turn)
  for (let n = 0; n < 1_000; n += 1) {
    await all.hear(tool('Bash'), ended('Bash'))
    await all.pass(90)
  }
  const active = all.taken.filter(({ type }) => type === 'session.active')
  expect(active).toHaveLength(2)
  expect(active[0]).toMatchObject({ standing: { state: 'thinking' } })
  await all.pass(RECORD_AFTER_MS)
  expect(all.taken.filter(({ type }) => type === 'session.active')).toHaveLength(3)
  expect(all.timers).toBe(0)
  await all.hear(tool('Read'))
  await all.hearing.close()
  expect(all.taken.at(-1)).toMatchObject({ type: 'session.active', activity: { tools: 1 } })
  expect(all.timers).toBe(0)
})

test('[SESSION-24] the end of a tool that was known of last is known, though nothing comes after it', async () => {
  const all = town()
  await all.hear(turn)
  await all.hear(tool('Bash'))
  await all.pass(RECORD_AFTER_MS)
  expect(all.taken.at(-1)).toMatchObject({ type: 'session.active', standing: { state: 'runningTool' } })
  await all.hear(ended('Bash'))
  await all.pass(RECORD_AFTER_MS)
  expect(all.taken.at(-1)).toMatchObject({ standing: { state: 'thinking' }, activity: { tools: 0 } })
  expect(all.timers).toBe(0)
})

test('[SESSION-10] what could not be recorded is still to be said', async () => {
  const all = town()
  await all.hear(turn)
  await all.hear(tool('Bash'))
  all.breakDisk(true)
  await expect(all.hear(turnEnded)).rejects.toThrow('the disk is full')
  all.breakDisk(false)
  await all.hear(turnEnded)
  expect(all.taken.at(-1)).toMatchObject({ heard: turnEnded, activity: { tools: 1 } })
})

test('[SESSION-10] a call that is posted twice is heard once', async () => {
  const { hearing, taken } = town()
  await hearing.hear(SESSION, [turn], 'call-1')
  await hearing.hear(SESSION, [turn], 'call-1')
  await hearing.hear(SESSION, [turn], 'call-2')
  expect(taken).toHaveLength(2)
})

test('[SESSION-15] what is decided elsewhere is seen at once', async () => {
  const { hear, steps, stands } = town()
  await hear(turn)
  await hear(tool('Bash'))
  steps.take(message('session.asked'))
  expect(stands()).toBe('waitingForPermission')
  await hear(ended('Bash'))
  expect(stands()).toBe('waitingForPermission')
  steps.take(message('session.answered'))
  expect(stands()).toBe('thinking')
})

test('[SESSION-11] a screen that is read too soon is read again, once', async () => {
  const all = town()
  await all.hear(turn)
  await all.look()
  await all.look()
  expect([all.stands(), all.timers, all.looks]).toEqual(['thinking', 2, 0])
  await all.pass(2_000)
  expect([all.stands(), all.looks]).toEqual(['idle', 1])
  all.reading.current = { ...BLANK, kind: 'busy' }
  await all.pass(60_000)
  await all.look()
  expect(all.stands()).toBe('idle')
})

test('[SESSION-11] a dialog that is gone before the rules have answered its hook is no question', async () => {
  const all = town()
  await all.hear(turn, tool('Bash'))
  await all.pass(10_000)
  all.reading.current = { ...BLANK, kind: 'dialog', name: 'permission', message: 'Do you want to proceed?' }
  await all.look()
  await all.pass(500)
  await all.look()
  all.reading.current = { ...BLANK, kind: 'busy' }
  await all.pass(2_000)
  expect([all.stands(), all.looks]).toEqual(['runningTool', 1])
  all.reading.current = { ...BLANK, kind: 'dialog', name: 'Settings Error', message: '' }
  await all.look()
  await all.pass(2_000)
  expect(all.stands()).toBe('waitingForPerson')
})

test('[SESSION-11] of a program with hooks a screen does not say that it works', () => {
  const at = { state: 'idle' } as Standing
  expect(heardOnScreen({ ...BLANK, kind: 'busy' }, at, true)?.kind).toBe('looksBusy')
  expect(heardOnScreen({ ...BLANK, kind: 'busy' }, at, false)?.kind).toBe('turnStarted')
  expect(heardOnScreen(BLANK, at, false)?.kind).toBe('turnEnded')
  expect(heardOnScreen(BLANK, at, true)?.kind).toBe('looksIdle')
  expect(heardOnScreen({ ...BLANK, kind: 'unknown' }, at, true)).toBeNull()
})

test('[SESSION-6] of a session that has ended nothing is heard and nothing shown', async () => {
  const { hear, steps, taken, stands } = town()
  await hear(turn)
  await hear(tool('Bash'))
  steps.take(message('session.exited'))
  await hear(turnEnded)
  expect(taken).toHaveLength(1)
  expect(stands()).toBeUndefined()
})
