// What becomes of work when the context of the real Claude Code is full: it is compacted, or handed to a fresh session.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Standing } from '../../src/events/hearing.ts'
import type { ModelReply } from './model.ts'
import { conversations } from './money.ts'
import { type AgentTown, PATIENCE_MS, type Play, townOfClaude } from './town.ts'

let town: AgentTown

beforeAll(async () => {
  town = await townOfClaude({
    rig: { 'permissions.mode': 'bypass' },
    env: { CLAUDE_CODE_MAX_RETRIES: '0', CLAUDE_CODE_AUTO_COMPACT_WINDOW: '200000' },
  })
})
afterAll(() => town?.end())

/** So that it is compacted before anything else is asked. */
const FULL = { usage: { input: 190_000 } }
const TOO_LONG: ModelReply = {
  fail: {
    status: 400,
    code: 'invalid_request_error',
    message: 'prompt is too long: 210000 tokens > 200000 maximum',
  },
}
const begin = (name: string): Play => ({ run: `echo half > ${name}.txt` })
const finish = (name: string): Play[] => [
  { run: `git add -A && git commit -q -m "Add ${name}"` },
  { run: 'gt done' },
]

test('[P5] [TOWNUP-41] a compacted conversation is told its work again, goes on, and lands; nobody stands compacting afterwards', async () => {
  const bead = await town.work(
    'Compacted',
    // One exchange alone is not compacted: it says that it begins to, and no more.
    { ...begin('compacted'), ...FULL } as Play,
    { run: 'true', ...FULL },
    // Its turn would end here with nothing handed in.
    { say: 'Half of it is there.' },
    ...finish('compacted'),
  )
  await town.lands(bead)
  expect(town.git('show', 'main:compacted.txt')).toBe('half')
  expect(conversations(town, bead)).toEqual({ conversations: 1, sessions: 1 })
  expect(town.facts('ContextCompacted').filter((fact) => fact.bead === bead)).toHaveLength(1)
  const stood = town.stood(bead)
  expect(stood.filter((state) => state === 'compacting')).toHaveLength(2)
  expect(stood.at(-1)).not.toBe('compacting')
  expect(stood).not.toContain('stuck')

  const asked = town.asked(bead)
  const first = asked.findLastIndex(({ kind }) => kind === 'summary') + 1
  expect(first).toBeGreaterThan(0)
  for (const { text } of asked.slice(first)) {
    expect(text).toContain('Your conversation was compacted; your work is the same.')
    expect(text).toContain(`Your work is bead ${bead}: Compacted`)
    expect(text).toContain('When the work is finished and committed, run: gt done')
  }
  for (const { text } of asked.slice(0, first)) expect(text).not.toContain('Your conversation was compacted')
})

test('[TOWNUP-42] a context that is full all the same is handed to a fresh session, which reads the note first and lands', async () => {
  const bead = await town.work(
    'Full',
    begin('full'),
    { say: 'Half of it is there.', run: 'true' },
    TOO_LONG,
    // It was compacted for nothing.
    TOO_LONG,
    ...finish('full'),
  )
  await town.lands(bead)
  expect(town.git('show', 'main:full.txt')).toBe('half')
  const [handed, ...more] = town.facts('WorkHandedOff').filter((fact) => fact.bead === bead)
  expect(more).toEqual([])
  expect(handed).toMatchObject({ trigger: 'full' })
  expect(handed?.note).toContain('The context of the session before this one was full')
  expect(handed?.note).toContain('Changed, and not committed: full.txt')
  expect(handed?.note).toContain('[agent] Half of it is there.')
  const reasons = town
    .facts('AgentStands')
    .filter((fact) => fact.bead === bead)
    .map(({ standing }) => standing as Standing)
    .filter(({ state }) => state === 'stuck')
    .map(({ reason }) => reason)
  expect(reasons).toEqual(['contextFull: Prompt is too long'])

  expect(conversations(town, bead)).toEqual({ conversations: 2, sessions: 2 })
  const fresh = town.asked(bead).at(-1)?.session
  const [first] = town.asked(bead).filter(({ session }) => session === fresh)
  expect(first?.prompt).toMatch(/^gt took this down .*\n<handoff>\n/)
  expect(first?.prompt).toContain('Changed, and not committed: full.txt')
  const orders = first?.prompt.split('</handoff>')[1]
  expect(orders).toContain(`Your work is bead ${bead}: Full`)
})

test('[TOWNUP-42] with handoff.on compact it is handed over instead of being compacted', async () => {
  await town.command('config.set', { key: 'handoff.on', value: 'compact' })
  // A summary that takes its time: a session that is about to end asks for nothing else.
  town.model.summarises({ say: 'What was done so far.', afterMs: PATIENCE_MS })
  const bead = await town.work('Early', begin('early'), { run: 'true', ...FULL }, ...finish('early'))
  await town.lands(bead)
  expect(town.git('show', 'main:early.txt')).toBe('half')
  expect(town.facts('WorkHandedOff').filter((fact) => fact.bead === bead)).toMatchObject([
    { trigger: 'compact' },
  ])
  expect(town.facts('ContextCompacted').filter((fact) => fact.bead === bead)).toEqual([])
  expect(conversations(town, bead)).toEqual({ conversations: 2, sessions: 2 })
  expect(town.left(bead)).toEqual([])
})
