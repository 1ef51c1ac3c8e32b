// A gate that an agent passes, in a real town: what it refuses comes back mended, what it passes lands.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { GT, makeTown } from '../support/town.ts'

const LAUNCHER = join(import.meta.dirname, '../../bin/gt')

vi.setConfig({ testTimeout: 240_000 })

/** Its first work is bad; it cannot pass it itself. */
const WORKER = `
if [ -e work.txt ]; then echo "good $GT_BEAD" > work.txt; else echo BAD > work.txt; fi
git add -A; git commit -qm "Do $GT_BEAD" || exit 9
${GT} review pass --note "my own work" && exit 8
${GT} done
`
/** What it writes and commits lands nowhere. */
const CRITIC = `
[ "$GT_ROLE" = reviewer ] || exit 7
git grep -q BAD HEAD; bad=$?
echo evil > evil.txt; git add -A; git commit -qm evil
${GT} done && exit 6
if [ $bad = 0 ]; then ${GT} review fail --note "it is bad" --finding "work.txt:1:BAD stands there"
else ${GT} review pass --note "it is good"; fi
`

test('[REVIEW-2] [REVIEW-4] [REVIEW-9] a reviewer sends work back with what it found, lets it land when that is mended, and is no worker of it; where none can be started a person decides', async () => {
  const town = await makeTown()
  await town.up()
  await town.agent('worker', WORKER)
  await town.agent('critic', CRITIC)
  const review = (preset: string) => ({ review: { preset, timeout: '2m', instructions: 'look for BAD' } })
  await town.addRig(['true'], { 'gates.quality': review('critic') })

  const first = await town.bead('Make it')
  await town.sling([first], 'worker')
  const failed = await town.fact('it is refused', 'MergeFailed', { bead: first }, 90_000)
  expect(failed).toMatchObject({
    gate: 'quality',
    message: expect.stringContaining('it is bad'),
    results: [
      { name: 'test', outcome: 'passed' },
      { name: 'quality', outcome: 'failed', kind: 'review' },
    ],
  })
  expect(JSON.stringify(failed.results)).toContain('work.txt:1: BAD stands there')
  const landed = await town.fact('it lands', 'BeadLanded', { bead: first }, 90_000)
  const [no, yes] = town.facts('ReviewGiven')
  expect([no, yes]).toMatchObject([
    { ok: false, session: 'shop/reviews/mr-1/sessions/1', findings: [{ path: 'work.txt', line: 1 }] },
    { ok: true, session: 'shop/reviews/mr-1/sessions/2', commit: landed.commit },
  ])
  expect(town.git('show', `${String(landed.commit)}:work.txt`)).toContain('good')
  expect(town.git('ls-tree', '--name-only', 'main')).not.toContain('evil')
  const packet = (await town.get('/v1/merge-queue/mr-1/packet')).body
  expect(packet).toMatchObject({
    gates: [{ name: 'test' }, { name: 'quality', outcome: 'passed' }],
    reviews: [{ outcome: 'failed', note: 'it is bad' }, { outcome: 'passed' }],
  })
  const gt = (...args: string[]) =>
    execFileSync(LAUNCHER, [...args, '--town', town.dir], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
  const shown = gt('mq', 'show', 'mr-1')
  expect(shown).toContain('quality: shop/reviews/mr-1/sessions/1 did not let it pass: it is bad')
  expect(shown).toContain('    work.txt:1: BAD stands there')
  expect(gt('mq', 'packet', 'mr-1')).toMatch(
    /review quality: failed .*it is bad\n {2}work.txt:1 {2}BAD stands there/,
  )
  await town.until('its checkout is gone', () => !existsSync(join(town.dir, 'rigs/shop/reviews/mr-1')))

  await town.command('config.set', { rig: 'shop', key: 'gates.quality', value: review('nobody') })
  const second = await town.bead('Make another')
  await town.sling([second], 'worker')
  const { decision } = await town.fact('a person is asked', 'DecisionOpened', { bead: second }, 90_000)
  expect(town.facts('ReviewMissed').map(({ last }) => last)).toEqual([false, true])
  expect(town.facts('BeadLanded').map(({ bead }) => bead)).toEqual([first])
  await town.command('decision.answer', { decision: String(decision), choice: 'pass', note: 'I looked' })
  await town.fact('it lands by my word', 'BeadLanded', { bead: second }, 90_000)
  await town.down()
  await town.checkLog()
  await town.close()
})
