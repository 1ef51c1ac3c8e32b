// Finding the record at which something became so, over the log of a town that is at work.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { PieceOptions } from '../../../eventlog/index.ts'
import type { BisectReport } from '../../../src/api/town.ts'
import { bisect } from '../../../src/cli/commands/bisect.ts'
import { recordOf } from '../../../src/events/upcasters.ts'
import { DOCUMENT } from '../../../src/town/past/document.ts'
import { pastHere } from '../../../src/town/past/here.ts'
import { createJobs } from '../../../src/town/past/jobs.ts'
import { longJobs } from '../../../src/town/past/long-jobs.ts'
import { createStates } from '../../../src/town/past/states.ts'
import { createTown } from '../../api/town.ts'
import { headed, logOf } from '../../support/past-properties.ts'
import { folder, linesOf } from './histories.ts'

async function townAtWork({ thread = false } = {}) {
  const { town, bead, command, close } = await createTown()
  const data = { log: town.log, dir: '/town', name: 'test', townId: 't1' }
  const jobs = thread ? createJobs(data) : pastHere({ ...data, priceOf: () => null }, { keeps: false })
  onTestFinished(async () => {
    await jobs.close()
    await close()
  })
  const run = (when: string, more: { from?: number; to?: number; first?: boolean } = {}) =>
    jobs.run<BisectReport>(
      { kind: 'bisect', asked: { when, from: 0, to: town.log.head.seq, first: false, ...more } },
      { signal: new AbortController().signal },
      null,
    )
  const recordAt = async (seq: number) => recordOf((await town.log.get(seq))?.line ?? '')
  return { town, bead, command, run, recordAt }
}

test('[PAST-10] [P4] names the record that closed a bead, in a thread beside the town', async () => {
  const { bead, command, run, recordAt } = await townAtWork({ thread: true })
  const id = await bead('Fix the cart')
  await bead('And another')
  await command('bead.close', { bead: id, reason: 'not needed' })
  await bead('And a third')
  const found = await run(`beads[id="${id}"].status = "closed"`)
  expect(found).toMatchObject({ before: false, after: true, next: `gt why ${found.seq}` })
  expect((await recordAt(found.seq)).facts.map(({ type }) => type)).toContain('BeadClosed')
  expect(found).toMatchObject({ actor: (await recordAt(found.seq)).actor, message: 'bead.close' })
  expect(found.summary).toContain(id)
})

test('--first finds the first of several turns; halving finds one of them', async () => {
  const { bead, command, run, recordAt } = await townAtWork()
  const id = await bead('Fix the cart')
  const closed: number[] = []
  for (let n = 0; n < 3; n += 1) {
    closed.push((await command('bead.close', { bead: id, reason: 'not needed' })).body.seq)
    if (n < 2) await command('bead.reopen', { bead: id, reason: 'it came back' })
  }
  const when = `beads[id="${id}"].status = "closed"`
  const first = await run(when, { first: true })
  expect((await recordAt(first.seq)).message.type).toBe('bead.close')
  expect(first.seq).toBeLessThanOrEqual(closed[0] ?? 0)
  const any = await run(when)
  expect((await recordAt(any.seq)).message.type).toBe('bead.close')
  const later = await run(when, { first: true, from: first.seq })
  expect(later.seq).toBeGreaterThan(first.seq)
})

test('every key of the document can be asked about, and functions that count', async () => {
  const { bead, run } = await townAtWork()
  for (let n = 0; n < 3; n += 1) await bead(`Bead ${n}`)
  expect(await run('$count(beads) >= 2')).toMatchObject({ message: 'bead.create' })
  expect(await run('$exists(rigs[name="shop"])')).toMatchObject({ message: 'rig.add' })
  expect(await run('status.work.open = 3 or $count($keys($)) > 20')).toMatchObject({ message: 'bead.create' })
  const all = ['agents', 'mergeQueue', 'decisions', 'escalations', 'costs', 'hooks']
  const none = all.map((key) => `$count(${key}) >= 0`).join(' and ')
  expect(await run(`(${none}) and $count(beads) = 3`)).toMatchObject({ message: 'bead.create' })
})

test('help names every key of the document', async () => {
  for (const key of Object.keys(DOCUMENT)) expect(bisect.summary).toMatch(new RegExp(`\\b${key}\\b`))
})

test('[PAST-11] refuses ends that do not differ, and says what it is at both', async () => {
  const { bead, run } = await townAtWork()
  await bead('Fix the cart')
  await expect(run('beads[id="nope"].status = "closed"')).rejects.toMatchObject({
    code: 'NO_TURN',
    message: expect.stringMatching(/^It is false after record 0 and after record \d+\.$/),
    details: { before: false, after: false },
  })
  await expect(run('$count(beads) = 0')).rejects.toMatchObject({
    code: 'NO_TURN',
    details: { before: true, after: false, instead: '$not($count(beads) = 0)' },
  })
  await expect(run('true', { from: 3, to: 3 })).rejects.toMatchObject({ code: 'POSITION_INVALID' })
})

test('an expression that does not parse names the place, and one that does not fit what it finds, too', async () => {
  const { bead, run } = await townAtWork()
  await bead('Fix the cart')
  await expect(run('beads[id=')).rejects.toMatchObject({
    code: 'EXPRESSION_INVALID',
    details: { position: 9 },
  })
  await expect(run('$nothing(beads)')).rejects.toMatchObject({ code: 'EXPRESSION_INVALID' })
  await expect(run('status.work.open + "x" = 1')).rejects.toMatchObject({ code: 'EXPRESSION_INVALID' })
})

test('[PAST-15] refuses an expression that gives neither true nor false, and says what it gave', async () => {
  const { bead, run } = await townAtWork()
  await bead('Fix the cart')
  for (const [when, gave] of [
    ['$count(beads)', '0'],
    ['beads', '[]'],
    ['null', 'null'],
    ['"false"', '"false"'],
  ] as const)
    for (const first of [false, true])
      await expect(run(when, { first }), when).rejects.toMatchObject({
        code: 'EXPRESSION_NOT_BOOLEAN',
        message: expect.stringContaining(`The expression gives ${gave}, which is neither`),
        details: { when, instead: `$boolean(${when})` },
      })
  // Nothing is there at first of which it could be so.
  expect(await run('$exists(beads) and beads.priority = 2')).toMatchObject({ message: 'bead.create' })
  expect(bisect.summary).toContain('neither true nor false')
})

test('[PAST-12] nothing random is at hand, and the clock stands at the moment that is asked about', async () => {
  const { town, bead, run } = await townAtWork()
  await bead('Fix the cart')
  await bead('Fix the till')
  await expect(run('$random() > 0.5')).rejects.toMatchObject({
    code: 'EXPRESSION_INVALID',
    message: expect.stringContaining('random'),
  })
  await expect(run('$shuffle([1,2])')).rejects.toMatchObject({ code: 'EXPRESSION_INVALID' })
  const at = recordOf((await town.log.get(town.log.head.seq))?.line ?? '').at
  for (const first of [false, true]) {
    const found = await run(`$millis() >= $toMillis("${at}")`, { first })
    expect(found.at).toBe(at)
  }
})

test('[PAST-12] an expression without end is ended after 5 s', async () => {
  const { bead, run } = await townAtWork()
  await bead('Fix the cart')
  const begun = performance.now()
  await expect(run('($f := function($n) { $f($n + 1) }; $f(0))')).rejects.toMatchObject({
    code: 'EXPRESSION_TOO_SLOW',
  })
  expect(performance.now() - begun).toBeLessThan(20_000)
  expect(await run('$count(beads) = 1')).toMatchObject({ message: 'bead.create' })
}, 30_000)

const QUIET = { signal: new AbortController().signal }

test('[PAST-13] without kept rows bisect passes over the log, with most of them it keeps the rest, and finds the same', async () => {
  /** What lacks rows once 4,200 of them are kept is one run and a bit: less than an eighth. */
  const RECORDS = 4_660
  const lines = await linesOf(5, RECORDS)
  const log = await logOf(lines)
  const dir = folder()
  const size = () => statSync(join(dir, '.gt/past/rows')).size
  /** Which records are read, beside those that are looked up. */
  const read: [after: number, to: number][] = []
  const watched = new Proxy(log, {
    get(all, name) {
      const value = Reflect.get(all, name, all) as unknown
      if (typeof value !== 'function') return value
      return (...asked: readonly unknown[]) => {
        const range = asked[0] as PieceOptions | undefined
        if (name === 'pieces') read.push([range?.after ?? 0, range?.to ?? all.head.seq])
        return Reflect.apply(value, all, asked) as unknown
      }
    },
  })
  const find = async () => {
    const here = pastHere(
      { log: watched, dir, name: 'test', townId: 't1', priceOf: () => null },
      { keeps: true },
    )
    const job = {
      kind: 'bisect',
      asked: { when: '$count(beads) > 3', from: 0, to: RECORDS, first: false },
    } as const
    const found = await here.run<BisectReport>(job, QUIET, null)
    await here.close()
    return { found, folded: read.splice(0).reduce((sum, [after, to]) => sum + Math.max(0, to - after), 0) }
  }
  const keep = async (records: number) => {
    const states = createStates(headed(log, records), { dir: join(dir, '.gt/past'), writes: true })
    await states.catchUp()
    states.close()
  }

  const passed = await find()
  expect(passed.found).toMatchObject({ message: 'bead.create' })
  // Half of them again at most, to come back to where it was; and nothing is kept.
  expect(passed.folded).toBeLessThan(RECORDS * 1.5)
  expect(size()).toBe(0)

  await keep(4_200)
  const before = size()
  expect((await find()).found).toEqual(passed.found)
  expect(size()).toBeGreaterThan(before)
}, 120_000)

test('[PAST-13] of a live town, the last of its rows are kept before a bisect begins', async () => {
  const { town } = await createTown()
  const order: string[] = []
  const jobs = {
    async run<T>() {
      order.push('bisect')
      return { seq: 1 } as T
    },
  }
  const held = { ...town, checkpoints: { pauseFor: <T>(run: () => T) => run() }, distrust() {}, trouble() {} }
  const keep = async (most: number) => void order.push(`kept, if it is at most ${most}`)
  const { bisect } = longJobs(held as never, jobs, async () => {}, keep)
  await bisect({ when: 'true', from: 0, to: 1, first: false })
  expect(order).toEqual([`kept, if it is at most ${town.system.seq / 8}`, 'bisect'])
})
