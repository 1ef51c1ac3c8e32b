// What Claude Code uses is counted, priced and bounded: the real one, in a real town.

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TOKENS, type Tokens } from './model-stream.ts'
import { checkpoints, conversations, costsBy, git, priceOf, shown, standsAs, sumOf, times } from './money.ts'
import { type AgentTown, PATIENCE_MS, type Play, townOfClaude } from './town.ts'

const MODEL = 'claude-opus-5-5'
/** As the table that comes with gt has it. */
const PRICE: Tokens = { input: 4, output: 20, cacheRead: 0.2, cacheWrite: 5 }

const write =
  (name: string, content: string): Play =>
  (worktree) => ({ tool: 'Write', input: { file_path: `${worktree}/${name}`, content } })
const commit = (title: string): Play => ({ run: `git add -A && git commit -q -m "${title}"` })
/** Something that can land. */
const workOn = (name: string): Play[] => [
  write(`${name}.txt`, 'done\n'),
  commit(`Add ${name}`),
  { run: 'gt done' },
]
const HELPER = {
  tool: 'Agent',
  input: { description: 'Look', prompt: 'Look around.', subagent_type: 'general-purpose' },
}
const LONG = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 3; done'

const claudeTown = (rig: object = {}) =>
  townOfClaude({ rig: { 'permissions.mode': 'bypass', 'agents.claude.model': MODEL, ...rig } })

describe('what Claude Code uses', () => {
  let town: AgentTown
  beforeAll(async () => {
    town = await claudeTown()
  })
  afterAll(() => town?.end())

  test('[P4] is counted by each kind of token, subagents too, once, also after a kill, and priced by the table', async () => {
    const odd: Tokens = { input: 1_001, output: 202, cacheRead: 30_003, cacheWrite: 4_004 }
    const bead = await town.work('Helpers', { ...HELPER, usage: odd }, { say: 'I wait.' })
    await standsAs(town, bead, 'idle')
    await town.fact('it is counted', 'TokensUsed', { bead }, PATIENCE_MS)
    await town.kill()
    await town.again()
    town.plays(bead, HELPER, ...workOn('helpers'))
    const nudge = await town.gt('nudge', 'nux', 'Go on, please.', '--wait')
    expect(nudge.exitCode, nudge.stderr).toBe(0)
    await town.lands(bead)
    await town.settled()

    const asked = town.asked(bead)
    expect(asked.filter(({ kind }) => kind === 'subagent')).toHaveLength(2)
    const tokens = sumOf(odd, ...times(asked.length - 1, TOKENS))
    const sums = { tokens, costUsd: priceOf(tokens, PRICE), requests: asked.length, unpriced: 0 }
    const [session = ''] = new Set(town.facts('TokensUsed').map((fact) => String(fact.session)))
    const keys = { session, agent: 'shop/polecats/nux', bead, role: 'polecat', model: MODEL, rig: 'shop' }
    for (const [by, key] of Object.entries(keys)) {
      const { items, total } = await costsBy(town, by)
      expect(items, by).toMatchObject([{ key, ...sums }])
      expect(total, by).toEqual(sums)
    }
    const { items, total } = await costsBy(town, 'hour')
    for (const { key } of items) expect(key).toMatch(/^20..-..-..T..:00:00\.000Z$/)
    expect(sumOf(...items.map((item) => item.tokens))).toEqual(tokens)
    expect(total).toEqual(sums)
  })
})

describe('a budget', () => {
  let town: AgentTown
  beforeAll(async () => {
    town = await claudeTown()
  })
  afterAll(() => town?.end())

  test('[P5] that is used up lets the turn in hand end and rests the work; raised, the same conversation goes on', async () => {
    const [go, runs] = [join(town.temp, 'go'), join(town.temp, 'runs')]
    const bead = await town.work('Dear', { say: 'I wait.', usage: { output: 1_000 } })
    await standsAs(town, bead, 'idle')
    await town.fact('it is counted', 'TokensUsed', { bead }, PATIENCE_MS)
    town.plays(
      bead,
      {
        run: `touch ${runs}; until [ -e ${go} ]; do sleep 0.1; done; echo half > half.txt`,
        usage: { output: 50_000 },
      },
      { say: 'Half of it is done.' },
    )
    const nudge = await town.gt('nudge', 'nux', 'Go on, please.', '--wait')
    expect(nudge.exitCode, nudge.stderr).toBe(0)
    await town.until('the tool runs', () => existsSync(runs))
    // Queued before the cap, due when the turn is over.
    const queued = await shown<{ id: string }>(town, 'nudge', 'nux', 'And another thing.')
    await shown(town, 'budget', 'set', 'bead', bead, '0.02usd/total')
    await town.fact('the cap is reached', 'BudgetReached', { id: bead, capUsd: 0.02 })
    const late = await town.gt('nudge', 'nux', 'And a third.')
    expect(late).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no turn begins until') })
    expect(town.facts('SandboxPaused')).toEqual([])
    const before = town.asked(bead).length
    writeFileSync(go, '')

    await town.fact('it rests', 'SandboxPaused', { bead, reason: 'budget' }, PATIENCE_MS)
    await town.fact('its session ends', 'SessionEnded', { bead }, PATIENCE_MS)
    await town.settled()
    // The turn in hand had one answer to come, and nothing was asked after it.
    expect(town.asked(bead)).toHaveLength(before + 1)
    expect(town.left(bead)).toEqual([])
    expect((await town.gt('feed')).stdout).toMatch(
      /a turn in hand went beyond the budget of bead \S+: \$1\.\d\d of \$0\.02/,
    )
    // Said, and not typed.
    await town.fact('it fails', 'NudgeFailed', { nudge: queued.id })
    expect(town.facts('NudgeWritten').map((fact) => fact.nudge)).not.toContain(queued.id)
    expect(town.asked(bead).some(({ text }) => text.includes('And another thing.'))).toBe(false)

    expect(checkpoints(town)).toHaveLength(1)
    expect(git(town, 'show', `${checkpoints(town)[0]}:half.txt`)).toBe('half')
    expect((await town.gt('status')).stdout).toContain(`the budget of bead ${bead} is used up`)
    expect((await town.gt('bead', 'show', bead)).stdout).toContain(`the budget of bead ${bead}, since`)
    expect(await shown(town, 'bead', 'show', bead)).toMatchObject({
      waitingFor: { kind: 'budget', id: `bead ${bead}` },
    })

    town.plays(bead, ...workOn('dear'))
    await shown(town, 'budget', 'set', 'bead', bead, '5usd/total')
    await town.lands(bead)
    expect(conversations(town, bead)).toEqual({ conversations: 1, sessions: 2 })
    expect(town.git('ls-tree', '--name-only', 'main')).toContain('half.txt')
    // What the first session said is in the conversation, and is counted once.
    const said = town.asked(bead)
    expect(said.at(-1)?.text).toContain('Half of it is done.')
    const usual = times(said.length - 2, TOKENS)
    const tokens = sumOf({ ...TOKENS, output: 1_000 }, { ...TOKENS, output: 50_000 }, ...usual)
    const costUsd = priceOf(tokens, PRICE)
    expect((await costsBy(town, 'bead')).items).toMatchObject([{ key: bead, tokens, costUsd }])
  })
})

test('[P5] gt estop ends five of them in mid-turn within 5 s, with work and hooks kept; after gt thaw each goes on and lands', async () => {
  const town = await claudeTown({ 'limits.polecats': 5 })
  const names = ['one', 'two', 'three', 'four', 'five']
  const beads: string[] = []
  for (const name of names) {
    const runs: Play = { run: `touch ${join(town.temp, name)}; ${LONG}` }
    beads.push(await town.work(name, write(`${name}-half.txt`, 'half\n'), runs))
  }
  for (const name of names)
    await town.until(`the tool of ${name} runs`, () => existsSync(join(town.temp, name)))

  const began = performance.now()
  const stopped = await shown(town, 'estop')
  const tookMs = performance.now() - began
  console.log(`Five Claude Code in mid-turn were stopped in ${Math.round(tookMs)} ms.`)
  expect(stopped).toMatchObject({ stopped: 5, still: [] })
  expect(tookMs).toBeLessThan(5_000)
  expect(beads.flatMap((bead) => town.left(bead))).toEqual([])
  // One that was late is made after the session has ended.
  await town.until('each is under a checkpoint', () => checkpoints(town).length === 5)
  const kept = checkpoints(town).map((ref) => git(town, 'ls-tree', '--name-only', ref))
  for (const name of names)
    expect(
      kept.some((files) => files.includes(`${name}-half.txt`)),
      name,
    ).toBe(true)
  const { body } = await town.get('/v1/hooks')
  expect((body.items as { bead: string }[]).map(({ bead }) => bead).sort()).toEqual(beads.toSorted())
  for (const bead of beads)
    expect(await shown(town, 'bead', 'show', bead)).toMatchObject({ waitingFor: { kind: 'thaw' } })

  for (const [at, bead] of beads.entries()) town.plays(bead, ...workOn(names[at] as string))
  await shown(town, 'thaw')
  for (const bead of beads) {
    await town.lands(bead)
    expect(conversations(town, bead)).toEqual({ conversations: 1, sessions: 2 })
  }
  const files = town.git('ls-tree', '--name-only', 'main').split('\n')
  for (const name of names) expect(files).toEqual(expect.arrayContaining([`${name}.txt`, `${name}-half.txt`]))
  // Each answer is counted once, also of those who went on with a conversation.
  const { items } = await costsBy(town, 'bead')
  expect(items).toHaveLength(5)
  for (const { key, requests } of items)
    expect(requests, key).toBe(town.asked(key).filter(({ aborted }) => !aborted).length)
  await town.end()
})
