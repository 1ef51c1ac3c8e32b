// What Codex uses is counted and bounded, with a price that nobody knows: the real one, in a real town.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTown, type TestTown } from '../support/town.ts'
import { codexWasSetUp } from './codex-home.ts'
import { type AgentHome, MADE_UP_KEY, openHome } from './home.ts'
import type { Model, ModelReply } from './model.ts'
import { TOKENS } from './model-stream.ts'
import { conversations, costsBy, priceOf, shown, sumOf, times } from './money.ts'
import { startResponsesModel } from './responses-model.ts'
import { nobodyElse, PATIENCE_MS, runGt, type Said } from './town.ts'
import { fetchedProgram } from './versions.ts'

const MODEL = 'gpt-5.4'
const workOn = (name: string): ModelReply[] => [
  { run: `echo done > ${name}.txt && git add -A && git commit -q -m "Add ${name}"` },
  { run: 'gt done' },
]

let town: TestTown
let home: AgentHome
let model: Model
const gt = (...args: readonly string[]): Promise<Said> =>
  runGt(args, { ...home.env(), GT_TOWN: town.dir, NO_COLOR: '1' }, home.root)
const spoken = { gt }
/** Titles, which it asks for besides, are in no rollout, so that nobody can count them. */
const answered = (): number => model.requests.filter(({ aborted }) => !aborted).length

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

test('[P5] a budget in dollars says what it cannot count, and one in tokens rests the work and lets it go on', async () => {
  const [go, runs] = [join(town.temp, 'go'), join(town.temp, 'runs')]
  model.script([
    {
      run: `touch ${runs}; until [ -e ${go} ]; do sleep 0.1; done; echo half > half.txt`,
      usage: { input: 9_000 },
    },
    { say: 'Half of it is done.' },
  ])
  const bead = await town.bead('Dear')
  await town.sling([bead], 'codex')
  await town.until('the tool runs', () => existsSync(runs))
  await shown(spoken, 'budget', 'set', 'town', '0.01usd/total')
  await shown(spoken, 'budget', 'set', 'bead', bead, '100tokens/total')
  expect(town.facts('BudgetReached')).toEqual([])
  writeFileSync(go, '')
  await town.fact('the cap is reached', 'BudgetReached', { scope: 'bead', id: bead }, PATIENCE_MS)
  await town.fact('it rests', 'SandboxPaused', { bead, reason: 'budget' }, PATIENCE_MS)
  await town.fact('its session ends', 'SessionEnded', { bead }, PATIENCE_MS)
  expect(await shown(spoken, 'bead', 'show', bead)).toMatchObject({
    waitingFor: { kind: 'budget', id: `bead ${bead}` },
  })

  const odd = { ...TOKENS, input: 9_000 }
  const before = sumOf(odd, ...times(answered() - 1, TOKENS))
  const { items, total } = await costsBy(spoken, 'model')
  const sums = { tokens: before, costUsd: null, requests: answered(), unpriced: answered() }
  expect(items).toMatchObject([{ key: MODEL, ...sums }])
  expect(total).toEqual(sums)
  expect((await gt('costs')).stdout).toContain('unknown')
  const list = (await gt('budget', 'list')).stdout
  expect(list).toMatch(new RegExp(`town +\\$0\\.01 in all +\\$0\\.00 +${answered()} requests +open`))

  model.script(workOn('dear'))
  await shown(spoken, 'budget', 'unset', 'bead', bead)
  await town.fact('it lands', 'BeadLanded', { bead }, PATIENCE_MS)
  await town.fact('its last session ends', 'SessionEnded', { bead, done: true }, PATIENCE_MS)
  expect(conversations(town, bead)).toEqual({ conversations: 1, sessions: 2 })
  const tokens = sumOf(odd, ...times(answered() - 1, TOKENS))
  for (const by of ['session', 'agent', 'bead', 'role', 'model', 'rig', 'hour']) {
    const found = await costsBy(spoken, by)
    expect(found.total, by).toEqual({ tokens, costUsd: null, requests: answered(), unpriced: answered() })
    expect(sumOf(...found.items.map((item) => item.tokens)), by).toEqual(tokens)
  }
})

test('[P6] a price that a person writes down is used from then on', async () => {
  const price = { input: 1, output: 8, cacheRead: 0.1, cacheWrite: 2 }
  writeFileSync(
    join(town.dir, 'prices.json'),
    JSON.stringify({ date: '2026-11-22', models: { 'gpt-5*': price } }),
  )
  const before = answered()
  model.script(workOn('priced'))
  const bead = await town.bead('Priced')
  await town.sling([bead], 'codex')
  await town.fact('its last session ends', 'SessionEnded', { bead, done: true }, PATIENCE_MS)
  const requests = answered() - before
  const tokens = sumOf(...times(requests, TOKENS))
  const item = (await costsBy(spoken, 'bead')).items.find(({ key }) => key === bead)
  expect(item).toMatchObject({ tokens, requests, unpriced: 0, costUsd: priceOf(tokens, price) })
})
