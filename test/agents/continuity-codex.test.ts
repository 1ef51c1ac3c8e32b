// From one session to the next with the real Codex CLI: a question to an earlier one, which stays as it was, and a full
// context that is handed over.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTown, type TestTown } from '../support/town.ts'
import { codexWasSetUp } from './codex-home.ts'
import { type AgentHome, MADE_UP_KEY, openHome } from './home.ts'
import type { Model } from './model.ts'
import { TOKENS } from './model-stream.ts'
import { conversations } from './money.ts'
import { startResponsesModel } from './responses-model.ts'
import { nobodyElse, PATIENCE_MS, runGt, type Said } from './town.ts'
import { fetchedProgram } from './versions.ts'

const QUESTION = 'Why half of it?'
const ANSWER = 'Because the other half was not asked for.'

let town: TestTown
let home: AgentHome
let model: Model
/** As the person, who is logged in. */
const gt = (...args: readonly string[]): Promise<Said> =>
  runGt(args, { ...home.env(), OPENAI_API_KEY: MADE_UP_KEY, GT_TOWN: town.dir, NO_COLOR: '1' }, home.root)

beforeAll(async () => {
  const program = fetchedProgram('codex')
  if (program === null) throw new Error('Codex CLI is not here: run `npm run agents`.')
  home = openHome()
  model = await startResponsesModel()
  codexWasSetUp(home, model)
  town = await makeTown({})
  await town.up({ ...nobodyElse(), ...home.env(), OPENAI_API_KEY: MADE_UP_KEY })
  await town.command('config.set', { key: 'agents.codex.command', value: [program] })
  await town.addRig(['true'], { 'permissions.mode': 'bypass' })
})
afterAll(async () => {
  await town?.down()
  await town?.checkLog()
  await town?.close()
  await model?.close()
  home?.remove()
})

test('[TOWNUP-43] a copy of a conversation of Codex answers, is counted, and leaves nothing behind', async () => {
  model.script([{ run: 'echo half > half.txt && git add -A && git commit -q -m Half' }, { run: 'gt done' }])
  const bead = await town.bead('Write a half')
  await town.sling([bead], 'codex')
  const { session } = await town.fact('it lands', 'SessionEnded', { bead, done: true }, PATIENCE_MS)
  const { items } = JSON.parse((await gt('seance', 'nux', '--json')).stdout)
  expect(items).toMatchObject([{ session, runtime: 'codex', bead, asks: 'talk', done: true }])
  const kept = rollouts()
  expect(Object.keys(kept)).toContain(items[0].transcript)

  const before = model.all.length
  model.script([{ say: ANSWER }])
  const answered = await gt('seance', '--talk', 'nux', '-p', QUESTION, '--json')
  expect(answered.exitCode, answered.stderr).toBe(0)
  const found = JSON.parse(answered.stdout)
  // Of this question alone: the program counts on from what its original took.
  expect(found).toMatchObject({
    session,
    answer: ANSWER,
    usage: [{ model: 'gpt-5.4', requests: 1, ...TOKENS }],
  })
  await town.fact('it is counted', 'TokensUsed', { role: 'seance', session })

  const asked = model.all.slice(before)
  expect(asked.map(({ kind, prompt }) => [kind, prompt])).toEqual([['conversation', QUESTION]])
  // What was said in the original, to the end.
  expect(asked[0]?.text).toContain('echo half > half.txt')
  expect(asked[0]?.text).toContain('gt done')
  expect(rollouts()).toEqual(kept)
  // None of the hooks of the original was called, and nothing was started for it.
  expect(town.facts('SessionOpened')).toHaveLength(1)
  expect(town.facts('AgentStands').at(-1)).toMatchObject({ session })
})

test('[TOWNUP-43] a copy that tries to write leaves no trace of it', async () => {
  const file = join(home.root, 'written')
  model.script([{ run: `touch ${file}` }, { say: ANSWER }])
  const { stdout, stderr } = await gt('seance', '--talk', 'nux', '-p', QUESTION, '--json')
  expect(JSON.parse(stdout), stderr).toMatchObject({ answer: ANSWER })
  expect(model.all.at(-1)?.toolOutput).not.toBeNull()
  expect(existsSync(file)).toBe(false)
})

test('what is written down of it is looked through', async () => {
  const { stdout } = await gt('seance', '--talk', 'nux', '-p', 'what was echo half', '--read')
  expect(stdout).toContain('This is no answer')
  expect(stdout).toContain('echo half > half.txt')
})

test('[TOWNUP-42] a context that is full is handed to a fresh session, which reads the note first and lands', async () => {
  const before = model.requests.length
  model.script([
    { run: 'echo half > full.txt' },
    {
      fail: {
        status: 400,
        code: 'context_length_exceeded',
        message: 'Your input exceeds the context window of this model.',
      },
    },
    { run: 'git add -A && git commit -q -m Full' },
    { run: 'gt done' },
  ])
  const bead = await town.bead('Full')
  await town.sling([bead], 'codex')
  await town.fact('it lands', 'SessionEnded', { bead, done: true }, PATIENCE_MS)
  expect(town.git('show', 'main:full.txt')).toBe('half')
  const handed = town.facts('WorkHandedOff').filter((fact) => fact.bead === bead)
  expect(handed).toMatchObject([{ trigger: 'full' }])
  expect(handed[0]?.note).toContain('Changed, and not committed: full.txt')
  expect(conversations(town, bead)).toEqual({ conversations: 2, sessions: 2 })
  expect(model.requests[before + 2]?.prompt).toMatch(/^gt took this down .*\n<handoff>\n/)
})

/** Every conversation that is kept, with its text. */
function rollouts(): Record<string, string> {
  const folder = join(home.home, '.codex', 'sessions')
  const files = readdirSync(folder, { recursive: true }).map(String)
  return Object.fromEntries(
    files
      .filter((file) => file.endsWith('.jsonl'))
      .map((file) => [join(folder, file), readFileSync(join(folder, file), 'utf8')]),
  )
}
