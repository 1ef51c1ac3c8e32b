import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { processesOf } from '../support/processes-left.ts'
import { COMMIT, GT, git, makeTown, untilFile } from '../support/town.ts'

// Everything here takes seconds, and other tests may have the machine.
vi.setConfig({ testTimeout: 90_000 })

const usage = (costUsd: number) =>
  `${GT} report usage '${JSON.stringify({ model: 'own-1', inputTokens: 1_000, outputTokens: 100, costUsd })}'`

test('[TOWNUP-30] [P5] everybody is stopped within 5 s, also who ignores it; work and hooks stay, and a restart changes nothing', async () => {
  const town = await makeTown()
  await town.up()
  const go = join(town.temp, 'go')
  await town.agent(
    'deaf',
    `if [ -e "${go}" ]; then ${COMMIT}; ${GT} done; exit 0; fi
trap '' HUP TERM INT; (trap '' HUP TERM; exec sleep 641) & setsid sleep 642 &
echo half > half.txt; while :; do sleep 1; done`,
  )
  await town.addRig(['true'], { 'limits.polecats': 4 })
  const beads = await Promise.all(['One', 'Two', 'Three'].map((title) => town.bead(title)))
  const late = await town.bead('Late')
  await town.sling(beads, 'deaf')
  for (const bead of beads) await town.fact(`${bead} is begun`, 'SessionStarted', { bead })
  const worktrees = town.facts('WorktreeAdded').map(({ path }) => String(path))
  await town.until('each wrote something', () =>
    worktrees.every((path) => existsSync(join(path, 'half.txt'))),
  )

  const asked = performance.now()
  const stopped = await town.command('estop', { reason: 'what is going on?' })
  const tookMs = performance.now() - asked
  expect(stopped).toMatchObject({ stopped: 3, still: [], reason: 'what is going on?' })
  expect(tookMs).toBeLessThan(5_000)
  const left = processesOf(town.temp, `GT_TOWN_ID=${town.id}`).filter(({ command }) =>
    command.includes('sleep'),
  )
  expect(left).toEqual([])
  expect(town.facts('SandboxPaused')).toMatchObject([
    { reason: 'estop' },
    { reason: 'estop' },
    { reason: 'estop' },
  ])
  expect(town.facts('RecoveryAsked')).toEqual([])
  const refs = ['for-each-ref', '--format=%(refname)', 'refs/gt/checkpoints']
  // One that was late is made after the session has ended.
  await town.until('each is under a checkpoint', () => {
    const kept = git(join(town.dir, 'rigs/shop/repo.git'), ...refs)
    return kept.split('\n').length === 3
  })
  const { body: hooks } = await town.get('/v1/hooks')
  expect((hooks.items as { bead: string }[]).map(({ bead }) => bead).sort()).toEqual([...beads].sort())

  // Nothing new begins, also after the daemon was killed.
  await town.kill()
  await town.up()
  await town.sling([late], 'deaf')
  expect((await town.get('/v1/status')).body).toMatchObject({ stopped: { reason: 'what is going on?' } })
  expect((await town.get(`/v1/dispatch/${late}`)).body).toMatchObject({ waitingFor: { kind: 'thaw' } })
  expect((await town.post('/v1/commands/estop', {})).body).toMatchObject({ code: 'STOPPED_ALREADY' })

  writeFileSync(go, '')
  await town.command('thaw')
  for (const bead of [...beads, late]) await town.fact(`${bead} lands`, 'BeadLanded', { bead })
  expect(town.facts('AttemptBegun').filter(({ reason }) => reason === 'handoff')).toHaveLength(3)
  await town.down()
  await town.checkLog()
  await town.close()
})

test('[TOWNUP-31] at the cap no new work begins, what is in hand ends, and the rest waits until it is raised', async () => {
  const town = await makeTown()
  await town.up()
  const go = join(town.temp, 'go')
  await town.agent('dear', `${usage(0.6)}; ${untilFile(go)}; ${usage(0.6)}; ${COMMIT}; ${GT} done`)
  await town.addRig(['true'], { 'limits.polecats': 1 })
  const [first, second] = [await town.bead('First'), await town.bead('Second')]
  await town.command('budget.set', { scope: 'rig', which: 'shop', usd: 1, per: 'day' })
  await town.sling([first, second], 'dear')
  await town.fact('it says what it used', 'AgentReported', { bead: first })
  expect((await town.get('/v1/budgets')).body.items).toMatchObject([{ spent: { usd: 0.6 }, reachedAt: null }])
  writeFileSync(go, '')
  await town.fact('the cap is reached', 'BudgetReached', {
    scope: 'rig',
    id: 'shop',
    spentUsd: 1.2,
    capUsd: 1,
  })
  await town.fact('what is in hand lands', 'BeadLanded', { bead: first })
  await town.fact('the other one waits', 'PlaceFreed')
  await town.settled()
  expect((await town.get(`/v1/dispatch/${second}`)).body).toMatchObject({
    waitingFor: { kind: 'budget', id: 'rig shop' },
  })
  // What was counted is counted once, whatever happens to the daemon.
  await town.kill()
  await town.up()
  expect((await town.get('/v1/budgets')).body.items).toMatchObject([{ spent: { usd: 1.2 } }])
  expect((await town.get('/v1/status')).body.problems).toMatchObject([{ code: 'BUDGET_USED_UP' }])

  await town.command('budget.set', { scope: 'rig', which: 'shop', usd: 9, per: 'day' })
  await town.fact('it goes on', 'BudgetLifted', { reason: 'raised' })
  await town.fact('the other one lands', 'BeadLanded', { bead: second })
  expect((await town.get('/v1/costs?by=bead')).body).toMatchObject({
    items: [{ costUsd: 1.2 }, { costUsd: 1.2 }],
    total: { costUsd: 2.4, requests: 4 },
  })
  // Both are on the target with a receipt, and what somebody pushes besides has none.
  expect((await town.get('/v1/rigs/shop/audit')).body).toMatchObject({ ok: true, commits: 2, receipts: 2 })
  const { body: packet } = await town.get(`/v1/merge-queue/${first}/packet`)
  expect(packet).toMatchObject({ state: 'landed', change: { changed: 1, added: 1 }, cost: { costUsd: 1.2 } })
  git(join(town.temp, 'home'), 'pull', '-q', '--ff-only', town.origin, 'main')
  git(join(town.temp, 'home'), ...'commit -q --allow-empty -m by-hand'.split(' '))
  git(join(town.temp, 'home'), 'push', '-q', town.origin, 'HEAD:main')
  expect((await town.get('/v1/rigs/shop/audit')).body).toMatchObject({
    ok: false,
    commits: 3,
    unreceipted: [{ title: 'by-hand' }],
  })
  await town.down()
  await town.checkLog()
  await town.close()
})
