// Replay and bisect of a town that is at work, in a thread beside it.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { JobProgress, ReplayReport } from '../../../src/api/town.ts'
import { createJobs } from '../../../src/town/past/jobs.ts'
import { replay } from '../../../src/town/past/replay.ts'
import { createSlices } from '../../../src/town/past/slices.ts'
import { createTown } from '../../api/town.ts'

const QUIET = () => {}
const PLAIN = { to: null, verify: false, into: null, checkpoint: null } as const

function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'gt-replay-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function townAtWork() {
  const { town, bead, command, close } = await createTown()
  const jobs = createJobs({ log: town.log, dir: '/town', name: 'test', townId: 't1' })
  onTestFinished(async () => {
    await jobs.close()
    await close()
  })
  for (const title of ['Fix the cart', 'Fix the till', 'Paint the door']) await bead(title)
  const run = (asked: object = {}, onProgress: (progress: JobProgress) => void = QUIET) =>
    jobs.run<ReplayReport>(
      { kind: 'replay', asked: { ...PLAIN, ...asked } },
      { signal: new AbortController().signal, onProgress },
      createSlices(town),
    )
  return { town, bead, command, jobs, run }
}

test('[P1] a thread beside the town rebuilds the state that the town holds', async () => {
  const { town, run } = await townAtWork()
  const report = await run({ verify: true })
  expect(report).toMatchObject({
    to: town.system.seq,
    records: town.system.seq,
    divergences: [],
    verified: true,
  })
  expect(report.liveDigest).toBe(report.stateDigest)
  const here = await replay(town.log, { ...PLAIN }, null, QUIET)
  expect(here.stateDigest).toBe(report.stateDigest)
})

test('[PAST-7] [P1] a town that goes on while it is compared is compared as it goes on', async () => {
  const { town, bead, jobs } = await townAtWork()
  const slices = createSlices(town)
  let n = 0
  const live = {
    async next() {
      if (n++ < 3) await bead(`Made meanwhile ${n}`)
      return slices.next()
    },
  }
  const begin = town.system.seq
  const report = await jobs.run<ReplayReport>(
    { kind: 'replay', asked: { ...PLAIN } },
    { signal: new AbortController().signal },
    live,
  )
  expect(report.divergences).toEqual([])
  expect(report.to).toBeGreaterThan(begin)
})

test('[PAST-7] a row that is wrong in the live state is named, with what the log says, and both digests', async () => {
  const { town, run } = await townAtWork()
  const [id, row] = [...town.projections.beads.rows.byId][1] ?? []
  if (row === undefined) throw new Error('no bead')
  row.title = 'Something else'
  const report = await run()
  expect(report.divergences).toEqual([
    {
      seq: town.system.seq,
      actor: 'beads.byId',
      field: `${id}.title`,
      recorded: 'Something else',
      computed: 'Fix the till',
    },
  ])
  expect(report.liveDigest).toMatch(/^[0-9a-f]{64}$/)
  expect(report.liveDigest).not.toBe(report.stateDigest)
  expect(report.cachesReplaced).toBe(false)
})

test('[PAST-7] a row that the live state lacks, and one too many, are differences', async () => {
  const { town, run } = await townAtWork()
  const { rows } = town.projections.hooks
  const beads = town.projections.beads.rows.byId
  const [lost] = beads.keys()
  beads.delete(lost ?? '')
  rows.set('shop/polecats/ghost', { agent: 'shop/polecats/ghost' } as never)
  const { divergences } = await run()
  expect(divergences.map(({ actor, field }) => [actor, field])).toEqual([
    ['beads.byId', lost],
    ['hooks', 'shop/polecats/ghost'],
  ])
  expect(divergences[0]?.recorded).toBe(null)
  expect(divergences[1]?.computed).toBe(null)
})

test('[PAST-8] --into writes the state into an empty folder, all of it or nothing', async () => {
  const { town, run } = await townAtWork()
  const dir = temporary()
  const into = join(dir, 'state')
  const report = await run({ into })
  expect(report.cachesReplaced).toBe(false)
  expect(readdirSync(into)).toContain('beads.json')
  const beads = JSON.parse(readFileSync(join(into, 'beads.json'), 'utf8'))
  expect(Object.values(beads.byId).map((bead) => (bead as { title: string }).title)).toContain('Fix the till')
  const owners = JSON.parse(readFileSync(join(into, 'owners.json'), 'utf8'))
  expect(Object.keys(owners).toSorted()).toEqual(
    [...town.system.owners()].map(([address]) => address).toSorted(),
  )
  for (const name of readdirSync(into)) JSON.parse(readFileSync(join(into, name), 'utf8'))

  writeFileSync(join(into, 'mine.txt'), 'mine')
  await expect(run({ into })).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY' })
  await expect(run({ into: join(into, 'mine.txt') })).rejects.toMatchObject({ code: 'FOLDER_NOT_EMPTY' })
  expect(readFileSync(join(into, 'mine.txt'), 'utf8')).toBe('mine')
  mkdirSync(join(dir, 'empty'))
  await run({ into: join(dir, 'empty') })
  expect(readdirSync(dir).toSorted()).toEqual(['empty', 'state'])
})

test('[PAST-8] [PAST-9] a job at a time; one that nobody waits for any more is ended, and changes nothing', async () => {
  const { town, jobs, run } = await townAtWork()
  const gone = new AbortController()
  const checkpoint = join(temporary(), 'checkpoint')
  const asked = { ...PLAIN, checkpoint }
  const first = jobs.run(
    { kind: 'replay', asked },
    { signal: gone.signal },
    {
      next: () => new Promise(() => {}),
    },
  )
  await expect(run()).rejects.toMatchObject({ code: 'PAST_BUSY' })
  gone.abort()
  await expect(first).rejects.toMatchObject({ code: 'PAST_ENDED' })
  expect(existsSync(checkpoint)).toBe(false)
  expect(await run()).toMatchObject({ to: town.system.seq })
})

test('[P1] damage is named by its record, and nothing behind it is used', async () => {
  const { town, jobs } = await townAtWork()
  const damaged = {
    ...town.log,
    head: town.log.head,
    logId: town.log.logId,
    async *pieces(range: object) {
      for await (const piece of town.log.pieces(range)) {
        piece.bytes[piece.bytes.length - 5] = (piece.bytes[piece.bytes.length - 5] ?? 0) ^ 1
        yield piece
      }
    },
  }
  const broken = createJobs({ log: damaged as typeof town.log, dir: '/town', name: 'test', townId: 't1' })
  onTestFinished(() => broken.close())
  const into = join(temporary(), 'state')
  const asked = { ...PLAIN, to: town.log.head.seq, into }
  const job = broken.run({ kind: 'replay', asked }, { signal: new AbortController().signal }, null)
  await expect(job).rejects.toMatchObject({
    code: 'LOG_DAMAGED',
    details: { problems: [{ seq: expect.any(Number), kind: 'checksum' }] },
  })
  expect(existsSync(into)).toBe(false)
  await jobs.close()
})
