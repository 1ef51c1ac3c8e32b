import { expect, test } from 'vitest'
import type { LogRecord } from '../../src/events/record.ts'
import type { System } from '../../src/system/types.ts'
import { createKeeper, KEEP_EVERY_MS } from '../../src/town/agents/keeper.ts'
import { BASE, BRANCH, COMMIT, CREW, CREW_SESSION, SANDBOX, SESSION } from '../support/messages.ts'

function town() {
  const asked: string[] = []
  const names: string[] = []
  const told: unknown[] = []
  const troubles: string[] = []
  const state = { now: 0, value: 'working', isNew: true, fails: false, timers: 0 }
  const context = { path: '/town/shop/nux', branch: BRANCH, base: BASE }
  const place = `${CREW}/worktrees/1`
  const keeper = createKeeper({
    system: {
      owner: (to: string) => ({
        value: state.value,
        context: to === CREW ? { ...context, place } : context,
        seq: 1,
      }),
      take: async (turn: { messages: unknown[] }) => void told.push(...turn.messages),
    } as unknown as System,
    repositories: {
      async checkpoint({ path, name }) {
        asked.push(path)
        names.push(name)
        if (state.fails) throw new Error('the disk is full')
        return { ref: 'r', commit: COMMIT, files: 2, changed: 3, isNew: state.isNew }
      },
    },
    clock: {
      now: () => state.now,
      after: () => {
        state.timers += 1
        return () => {}
      },
    },
    onTrouble: (code, message) => troubles.push(`${code} ${message}`),
  })
  const fact = async (type: string, session = SESSION) => {
    keeper.record({ facts: [{ type, session }] } as unknown as LogRecord)
    await keeper.idle()
  }
  return { asked, names, told, troubles, state, fact }
}

test('[TOWNUP-46] between two of one worktree lie two minutes', () => {
  expect(KEEP_EVERY_MS).toBe(2 * 60_000)
})

test('[TOWNUP-46] [P7] a worktree in use is kept when its agent did something, once in two minutes, by no timer', async () => {
  const { asked, told, state, fact } = town()
  await fact('AgentActive')
  expect(told).toMatchObject([
    { to: SANDBOX, message: { type: 'sandbox.checkpointed', commit: COMMIT, files: 2 } },
  ])
  for (const type of ['AgentActive', 'TurnEnded', 'ContextCompacted']) await fact(type)
  state.now = KEEP_EVERY_MS - 1
  await fact('TurnEnded')
  expect(asked).toHaveLength(1)
  state.now = KEEP_EVERY_MS
  await fact('AgentStands')
  expect(asked).toHaveLength(1)
  await fact('TurnEnded')
  expect(asked).toHaveLength(2)
  state.now += KEEP_EVERY_MS
  await fact('ContextCompacted')
  expect(asked).toHaveLength(3)
  expect(state.timers).toBe(0)
})

test('[TOWNUP-46] what holds nothing new leaves no record, nor does work that is handed in', async () => {
  const { asked, told, state, fact } = town()
  state.isNew = false
  await fact('TurnEnded')
  expect(asked).toHaveLength(1)
  state.now += KEEP_EVERY_MS
  state.value = 'submitted'
  await fact('TurnEnded')
  expect(asked).toHaveLength(1)
  expect(told).toEqual([])
})

test('[TOWNUP-46] what fails is shown, and tried with the next thing that is done', async () => {
  const { told, troubles, state, fact } = town()
  state.fails = true
  await fact('TurnEnded')
  expect(troubles).toEqual([`NOT_CHECKPOINTED ${SANDBOX}: Error: the disk is full`])
  state.fails = false
  state.now += KEEP_EVERY_MS
  await fact('TurnEnded')
  expect(told).toHaveLength(1)
})

test('[TOWNUP-46] [CREW-10] the worktree of a crew member is kept as one of a polecat is, and the desk has none', async () => {
  const { asked, names, told, fact } = town()
  await fact('TurnEnded', CREW_SESSION)
  await fact('TurnEnded', CREW_SESSION)
  expect(names).toEqual(['shop.crew.ada.worktrees.1'])
  expect(told).toMatchObject([{ to: CREW, message: { type: 'crew.checkpointed', commit: COMMIT } }])
  await fact('TurnEnded', 'mayor/sessions/1')
  expect(asked).toHaveLength(1)
})
