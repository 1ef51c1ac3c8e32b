// A fork end to end: a town of its own, from a moment at which somebody was at work.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { verifyLogIn } from '../../src/town/logs/look.ts'
import { everythingIn, forkOf, upAt } from '../support/forks.ts'
import { COMMIT, GT, git, makeTown } from '../support/town.ts'

/** Shell: waits for a file, longer than this test may take. */
const UNTIL = (path: string): string =>
  `n=0; until [ -e "${path}" ] || [ $n -gt 1500 ]; do n=$((n + 1)); sleep 0.1; done`

test('[FORK-3] [FORK-4] [FORK-5] a fork rests until a person unparks it, lands in its own clone, and in the real one once it has rejoined', async () => {
  const town = await makeTown()
  await town.up()
  const go = join(town.temp, 'go')
  await town.agent(
    'slow',
    `${COMMIT}; echo loose > loose.txt; touch "${town.temp}/at-work-$(ls "${town.temp}" | grep -c at-work)"; ${UNTIL(go)}; ${COMMIT}; ${GT} done`,
  )
  await town.addRig(['true'])
  await town.command('config.set', { key: 'notify.webhook', value: 'http://127.0.0.1:9/hook' })
  const bead = await town.bead('Do it twice')
  await town.sling([bead], 'slow')
  await town.until('it works', () => existsSync(join(town.temp, 'at-work-0')))
  // Its worktree is kept, and it goes on.
  await town.command('estop')
  await town.fact('its worktree is kept', 'WorktreeCheckpointed', { bead })
  await town.command('thaw')
  await town.until('it works again', () => existsSync(join(town.temp, 'at-work-1')))
  await town.settled()
  const { seq } = (await town.get('/v1/health')).body as { seq: number }

  // Whoever asked the real remote for anything would fail from here on.
  const away = `${town.origin}.away`
  renameSync(town.origin, away)
  const origin = everythingIn(away)
  const rigs = everythingIn(join(town.dir, 'rigs'))
  const dir = join(town.temp, 'fork')
  const made = await forkOf(town, dir, seq)
  expect(made.rigs).toEqual([{ rig: 'shop', remote: join(dir, 'rigs/shop/origin.git'), why: '' }])
  expect(made.worktrees).toMatchObject([{ from: 'checkpoint', why: '' }])
  expect(everythingIn(join(town.dir, 'rigs'))).toEqual(rigs)

  const fork = await upAt(dir)
  const [worktree] = made.worktrees
  const path = worktree?.path ?? ''
  expect(path.startsWith(`${dir}/rigs/shop/polecats/`)).toBe(true)
  expect(readFileSync(join(path, `${bead}.txt`), 'utf8')).toBe('work\n')
  expect(readFileSync(join(path, 'loose.txt'), 'utf8')).toBe('loose\n')
  const status = (await fork.get('/v1/status')).body
  expect(status).toMatchObject({
    fork: { name: 'test', seq, townId: town.id },
    rigs: [{ name: 'shop', parked: true }],
  })
  expect((status.town as { id: string }).id).not.toBe(town.id)
  expect((await fork.get('/v1/settings')).body.settings).not.toHaveProperty('notify.webhook')
  // Another hand at the same work.
  const script = join(town.temp, 'agents', 'quick.sh')
  writeFileSync(script, `${COMMIT}; echo fork > fork.txt; git add -A; git commit -qm Fork; ${GT} done`)
  await fork.command('config.set', { key: 'agents.slow.command', value: ['/bin/sh', script] })
  await sleep(500)
  const after = fork.watch.records.filter((record) => record.seq > seq)
  expect(after[0]).toMatchObject({ seq: seq + 1, message: { type: 'town.forked' }, actor: 'town' })
  expect(after.flatMap(({ facts }) => facts.map(({ type }) => type))).not.toContain('AttemptBegun')
  expect(everythingIn(join(town.dir, 'rigs'))).toEqual(rigs)
  // A session of the one is nobody in the other.
  const session = String(town.facts('SessionStarted').at(-1)?.session)
  const hook = `/v1/hooks/${encodeURIComponent(String(town.facts('SessionStarted').at(-1)?.agent))}`
  expect((await town.get(hook, town.token(session))).status).toBe(200)
  expect((await fork.get(hook, town.token(session))).status).toBe(401)
  expect((await fork.get('/v1/status', town.operatorToken)).status).toBe(401)
  expect(existsSync(join(dir, '.gt/sessions', session.replaceAll('/', '.')))).toBe(false)

  await fork.command('rig.unpark', { rig: 'shop' })
  await fork.fact('the fork lands it', 'PolecatReleased', { bead, outcome: 'landed' })
  const clone = join(dir, 'rigs/shop/origin.git')
  expect(git(clone, 'show', 'main:fork.txt')).toBe('fork')
  expect(everythingIn(away)).toEqual(origin)
  expect(everythingIn(join(town.dir, 'rigs'))).toEqual(rigs)

  // Real again, and only then.
  renameSync(away, town.origin)
  await fork.command('rig.rejoin', { rig: 'shop', url: town.origin })
  const other = String((await fork.command('bead.create', { title: 'For all' })).id)
  await fork.command('sling', { beads: [other], agent: 'slow' })
  await fork.fact('the fork lands in the real one', 'PolecatReleased', { bead: other, outcome: 'landed' })
  expect(town.landed().map((one) => one.bead)).toEqual([other])
  await fork.down()
  expect(await verifyLogIn(dir)).toMatchObject({ ok: true })

  writeFileSync(go, '')
  await town.fact('the parent lands it as well', 'PolecatReleased', { bead, outcome: 'landed' })
  expect(town.landed().map((one) => one.bead)).toEqual([bead, other])
  await town.down()
  await town.checkLog()
  await town.close()
}, 120_000)

test('[RIG-10] [FORK-3] a rig that is parked lets nobody begin, ends whoever works, and goes on with their work', async () => {
  const town = await makeTown()
  await town.up()
  const go = join(town.temp, 'go')
  await town.agent('slow', `${COMMIT}; ${UNTIL(go)}; ${GT} done`)
  await town.addRig(['true'])
  const bead = await town.bead('Rest a while')
  await town.sling([bead], 'slow')
  const { session } = await town.fact('it works', 'SessionStarted', { bead })
  await town.command('rig.park', { rig: 'shop', reason: 'a release' })
  await town.fact('it rests', 'SandboxPaused', { bead, reason: 'parked' })
  await town.fact('its session ends', 'SessionEnded', { session })
  await town.fact('its worktree is kept', 'WorktreeCheckpointed', { bead })
  const other = await town.bead('Wait')
  await town.sling([other], 'slow')
  await town.fact('it waits for the rig', 'DispatchWaiting', { bead: other })
  await town.settled()
  expect(town.facts('AttemptBegun')).toHaveLength(1)
  writeFileSync(go, '')
  await town.command('rig.unpark', { rig: 'shop' })
  for (const one of [bead, other])
    await town.fact(`${one} lands`, 'PolecatReleased', { bead: one, outcome: 'landed' })
  await town.down()
  await town.checkLog()
  await town.close()
}, 90_000)
