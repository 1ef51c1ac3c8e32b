// The real Claude Code in a real town: from sling to landed, and what can go wrong on the way.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ModelReply } from './model.ts'
import { TOKENS } from './model-stream.ts'
import { type AgentTown, PATIENCE_MS, type Play, townOfClaude } from './town.ts'

const write =
  (name: string, content: string): Play =>
  (worktree) => ({ tool: 'Write', input: { file_path: `${worktree}/${name}`, content } })
const read =
  (name: string): Play =>
  (worktree) => ({ tool: 'Read', input: { file_path: `${worktree}/${name}` } })
const edit =
  (name: string, old_string: string, new_string: string): Play =>
  (worktree) => ({ tool: 'Edit', input: { file_path: `${worktree}/${name}`, old_string, new_string } })
const commit = (title: string): Play => ({ run: `git add -A && git commit -q -m "${title}"` })
const DONE: Play = { run: 'gt done' }
/** Something that can land. */
const workOn = (name: string): Play[] => [write(`${name}.txt`, 'done\n'), commit(`Add ${name}`), DONE]
const fails = (status: number, code: string, headers: Record<string, string> = {}): ModelReply => ({
  fail: { status, code, message: 'Made up for a test.' },
  headers,
})
/** Passes as long as there is no test. */
const GATE = ['sh', '-c', 'test ! -e test.sh || sh test.sh'] as const
const LONG = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 3; done'

type Standing = { readonly state: string; readonly reason: string; readonly until: string | null }

/** Waits until its agent stands so. `agent`: its last name. */
const standsAs = (town: AgentTown, bead: string, state: string, untilKnown = false) =>
  town.watch.until(
    `${bead} is ${state}`,
    ({ facts }) => {
      const fact = facts.find((each) => each.type === 'AgentStands' && each.bead === bead)
      const standing = fact?.standing as Standing | undefined
      if (standing?.state !== state || (untilKnown && standing.until === null)) return null
      return { ...standing, agent: String(fact?.agent).replace(/.*\//, '') }
    },
    PATIENCE_MS,
  )

describe('a person who logs in with a key, in a rig that asks', () => {
  let town: AgentTown
  let told: string

  beforeAll(async () => {
    town = await townOfClaude({ gate: GATE })
    told = join(town.temp, 'told')
    await town.command('config.set', { key: 'notify.command', value: ['/bin/sh', '-c', `cat >> ${told}`] })
  })
  afterAll(() => town?.end())

  test('[P1] a bead goes from sling to main: files are edited, the test is run, and nobody is asked anything', async () => {
    const bead = await town.work(
      'Add a cafe',
      write('test.sh', 'grep -q "shop and cafe" README.md\n'),
      read('README.md'),
      edit('README.md', '# shop', '# shop and cafe'),
      { run: `sh -c '${GATE[2]}'` },
      commit('Add a cafe'),
      { say: 'It passes.', ...DONE },
    )
    await town.lands(bead)
    const [{ author = '', bead: landed } = { bead: '' }] = town.landed()
    expect([author, landed]).toEqual(['shop/polecats/nux', bead])
    expect(town.git('show', 'main:README.md')).toBe('# shop and cafe')
    expect(town.facts('DecisionOpened')).toEqual([])
    expect(town.stood(bead).slice(0, 2)).toEqual(['ready', 'thinking'])
    expect(town.stood(bead)).not.toContain('stuck')
    expect(activityOf(town, bead)).toMatchObject({ turns: 1, tools: 6, Bash: 3, Edit: 1 })
    expect(usageOf(town, bead)).toEqual(saidBy(town, bead))
    expect(town.left(bead)).toEqual([])
    // Its own bookkeeping; nothing that a person is asked for.
    for (const word of [
      'customApiKeyResponses',
      'bypassPermissionsModeAccepted',
      '"hasTrustDialogAccepted": true',
    ])
      expect(town.state()).not.toContain(word)
    expect(JSON.parse(town.state())).toMatchObject({ hasCompletedOnboarding: true })
    expect(existsSync(join(town.home.home, '.claude/settings.json'))).toBe(false)
  })

  test('[P2] what no rule decides is asked of the person, who answers, and the work goes on', async () => {
    const bead = await town.work('Ask', { run: 'touch asked.txt' }, commit('Ask'), DONE)
    const { decision } = await town.fact('it asks', 'DecisionOpened', { bead }, PATIENCE_MS)
    await standsAs(town, bead, 'waitingForPermission')
    await town.fact('the person is told', 'OperatorNotified', { decision })
    expect(readFileSync(told, 'utf8')).toContain('may I use Bash?')
    expect((await town.gt('inbox')).stdout).toContain('touch asked.txt')
    const receipt = await town.gt('answer', String(decision), 'allow')
    expect(receipt).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('waits for it and has it') })
    await town.lands(bead)
    expect(town.git('ls-tree', '--name-only', 'main')).toContain('asked.txt')
  })

  test('[P2] what nobody answers is a no that the model reads, costs its time and no more, and the work lands', async () => {
    await town.command('config.set', { key: 'permissions.wait', value: '2s' })
    const bead = await town.work('Nobody answers', { run: 'touch never.txt' }, ...workOn('unanswered'))
    const opened = await town.fact('it asks', 'DecisionOpened', { bead }, PATIENCE_MS)
    const expired = await town.fact('nobody answers', 'DecisionExpired', { bead })
    expect(Date.parse(expired.record.at) - Date.parse(opened.record.at)).toBeLessThan(6_000)
    await town.lands(bead)
    expect(town.asked(bead).map(({ toolOutput }) => toolOutput)).toContainEqual(
      expect.stringContaining('Nobody answered in 2 s, so the answer is no. Go on another way'),
    )
    expect(town.git('ls-tree', '--name-only', 'main')).not.toContain('never.txt')
  })

  test('429, 529 and a dropped connection are got over, and the bead lands', async () => {
    const [first, ...rest] = workOn('trouble')
    const bead = await town.work(
      'In trouble',
      fails(429, 'rate_limit_error', { 'retry-after': '1' }),
      first as Play,
      fails(529, 'overloaded_error'),
      rest[0] as Play,
      { drop: true },
      rest[1] as Play,
    )
    await town.lands(bead)
    expect(town.stood(bead)).not.toContain('stuck')
    expect(town.facts('SessionOpened').filter((fact) => fact.bead === bead)).toHaveLength(1)
  })

  test('[P5] killed in mid-tool, it goes on with the same conversation in a new session, and no shell is left', async () => {
    const bead = await town.work('Crash', { run: LONG })
    const { pid, session } = await town.fact('it runs', 'SessionStarted', { bead }, PATIENCE_MS)
    // What no rule decides; only then does it run.
    const { decision } = await town.fact('it asks', 'DecisionOpened', { bead }, PATIENCE_MS)
    await town.gt('answer', String(decision), 'allow')
    await town.until('the tool runs', () => town.left(bead).length > 1)
    town.plays(bead, ...workOn('crash'))
    process.kill(Number(pid), 'SIGKILL')
    await town.lands(bead)
    const known = town.facts('RuntimeSessionKnown').filter((fact) => fact.bead === bead)
    expect(new Set(known.map(({ runtimeSession }) => runtimeSession)).size).toBe(1)
    expect(new Set(known.map((fact) => fact.session)).size).toBe(2)
    expect(town.asked(bead).some(({ text }) => text.includes('[Tool call interrupted'))).toBe(true)
    expect(town.facts('SessionEnded').filter((fact) => fact.session === session)).toHaveLength(1)
    expect(town.left(bead)).toEqual([])
  })

  test('[P6] a nudge is taken by it, idle and at work, with a receipt', async () => {
    const bead = await town.work('Wait', { say: 'I wait.' })
    const { agent } = await standsAs(town, bead, 'idle')
    town.plays(bead, { run: LONG }, { say: 'I still wait.' })
    const idle = await town.gt('nudge', agent, 'Go on, please.', '--wait', '--json')
    expect(idle.exitCode, idle.stderr).toBe(0)
    const { decision } = await town.fact('it asks', 'DecisionOpened', { bead }, PATIENCE_MS)
    await town.gt('answer', String(decision), 'allow')
    await town.until('the tool runs', () => town.left(bead).length > 1)
    town.plays(bead, ...workOn('nudge'))
    const busy = await town.gt('nudge', agent, 'And finish it.', '--wait', '--json', '--mode', 'immediate')
    expect(busy.exitCode, busy.stderr).toBe(0)
    await town.lands(bead)
    const prompts = town.asked(bead).map(({ text }) => text)
    for (const words of ['Go on, please.', 'And finish it.'])
      expect(prompts.some((text) => text.includes(words))).toBe(true)
    const accepted = town.facts('NudgeAccepted').map(({ via }) => via)
    expect(accepted).toEqual(['hook', 'hook'])
  })
})

describe('a rig that bypasses, and a program that tries nothing again', () => {
  let town: AgentTown

  beforeAll(async () => {
    town = await townOfClaude({
      rig: {
        'permissions.mode': 'bypass',
        'permissions.rules': [{ tool: 'Bash', pattern: 'git push *', verdict: 'deny' }],
      },
      env: { CLAUDE_CODE_MAX_RETRIES: '0', CLAUDE_CODE_AUTO_COMPACT_WINDOW: '200000' },
    })
  })
  afterAll(() => town?.end())

  test('a rule denies all the same, and the model is told which', async () => {
    const bead = await town.work('Push', { run: 'git push origin HEAD:main' }, ...workOn('push'))
    await town.lands(bead)
    expect(town.asked(bead).map(({ toolOutput }) => toolOutput)).toContainEqual(
      expect.stringContaining('A rule of rig shop denies this: Bash "git push *"'),
    )
  })

  test('[P3] when the provider fails for good it is stuck, in its words, in the feed, until it is told to go on', async () => {
    const bead = await town.work('Fail', fails(529, 'overloaded_error'))
    const { reason, agent } = await standsAs(town, bead, 'stuck')
    expect(reason).toMatch(/529|overloaded|server_error/i)
    expect((await town.gt('feed')).stdout).toContain(`${agent} is stuck`)
    town.plays(bead, ...workOn('fail'))
    const nudge = await town.gt('nudge', agent, 'Try again.', '--wait', '--mode', 'immediate')
    expect(nudge.exitCode, nudge.stderr).toBe(0)
    await town.lands(bead)
  })
})

test('[P3] a usage limit of an account is told with the time at which it is over', async () => {
  const hour = Math.floor(Date.now() / 3_600_000) + 2
  const town = await townOfClaude({
    login: ({ url }) => ({ ANTHROPIC_BASE_URL: url, CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-test-000' }),
  })
  const bead = await town.work(
    'Limited',
    fails(429, 'rate_limit_error', {
      'anthropic-ratelimit-unified-status': 'rejected',
      'anthropic-ratelimit-unified-reset': String(hour * 3_600),
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
      'anthropic-ratelimit-unified-overage-status': 'rejected',
      'retry-after': '3600',
    }),
  )
  const { until, reason } = await standsAs(town, bead, 'limited', true)
  expect(until).toBe(new Date(hour * 3_600_000).toISOString())
  expect(reason).toMatch(/limit/)
  expect((await town.gt('feed')).stdout).toMatch(/nux is limited/)
  await town.end()
})

type Sums = { input: number; output: number; cacheRead: number; cacheWrite: number; requests: number }

/** What the town counted. */
function usageOf(town: AgentTown, bead: string): Sums {
  const sums = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, requests: 0 }
  for (const fact of town.facts('TokensUsed').filter((each) => each.bead === bead))
    for (const name of Object.keys(sums) as (keyof Sums)[]) sums[name] += Number(fact[name])
  return sums
}

/** What the model said that it took, when each answer took the same. */
function saidBy(town: AgentTown, bead: string): Sums {
  const requests = town.asked(bead).filter(({ aborted }) => !aborted).length
  const { input, output, cacheRead, cacheWrite } = TOKENS
  return {
    input: input * requests,
    output: output * requests,
    cacheRead: cacheRead * requests,
    cacheWrite: cacheWrite * requests,
    requests,
  }
}

function activityOf(town: AgentTown, bead: string): Readonly<Record<string, number>> {
  const sums: Record<string, number> = { turns: 0, tools: 0 }
  for (const fact of town.facts('AgentActive').filter((each) => each.bead === bead)) {
    const { turns, tools, byTool } = fact.activity as {
      turns: number
      tools: number
      byTool: Record<string, number>
    }
    for (const [name, count] of Object.entries({ ...byTool, turns, tools }))
      sums[name] = (sums[name] ?? 0) + count
  }
  return sums
}
