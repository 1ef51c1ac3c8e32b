import { performance } from 'node:perf_hooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEventQuota } from '../../src/api/event-quota.ts'
import type { System } from '../../src/system/types.ts'
import { createTown, FIRST_SESSION, type TestTown, tokenOf } from './town.ts'

let town: TestTown
beforeEach(async () => {
  town = await createTown()
})
afterEach(() => town.close())

const EVENTS = Number(process.env.EVENTS ?? 20_000)

test(`[TOWNUP-60] an agent that posts ${EVENTS} events leaves at most some hundred records, hears why, and keeps nobody waiting`, async () => {
  const bead = await town.bead('Talk')
  await town.command('sling', { beads: [bead] })
  await town.working(bead)
  const token = tokenOf(FIRST_SESSION)
  const before = town.town.system.seq
  const waits: number[] = []
  let open = true
  const person = (async () => {
    while (open) {
      const from = performance.now()
      await town.get('/v1/health')
      waits.push(performance.now() - from)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  const codes = new Map<string, number>()
  const note = { type: 'note', data: { text: 'again' } }
  for (let n = 0; n < EVENTS; n += 200) {
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => town.ask('POST', '/v1/events', note, token)),
    )
    for (const { status, body } of answers)
      codes.set(body.code ?? String(status), (codes.get(body.code ?? String(status)) ?? 0) + 1)
  }
  open = false
  await person
  expect(codes.get('EVENTS_TOO_MANY')).toBeGreaterThan(EVENTS - 1_000)
  expect(town.town.system.seq - before).toBeLessThan(400)
  waits.sort((a, b) => a - b)
  expect(waits[Math.floor(waits.length / 2)] ?? 0, 'the median wait of somebody else, ms').toBeLessThan(500)
  const { body } = await town.get('/v1/status')
  expect(body.problems).toEqual([expect.objectContaining({ code: 'EVENTS_TOO_MANY' })])
  // What matters is heard all the same.
  expect((await town.command('done', {}, token)).status).toBe(200)
}, 120_000)

test('[TOWNUP-60] an agent may post again as time passes, others are not slowed by it, and a clock that goes back makes nobody wait longer', () => {
  let now = 1_000_000
  const clock = { now: () => now, after: () => () => {} }
  const quota = createEventQuota(clock, {} as System)
  const of = (name: string) => {
    const agent = `shop/polecats/${name}`
    return { kind: 'session', actor: agent, agent, session: `${agent}/sessions/1.1` } as const
  }
  const post = (name: string): string => {
    try {
      quota(of(name))
      return 'taken'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  const said = Array.from({ length: 121 }, () => post('nux'))
  expect(said.filter((one) => one === 'taken')).toHaveLength(120)
  expect(said.at(-1)).toBe('EVENTS_TOO_MANY')
  expect(post('slit')).toBe('taken')
  now += 5_000
  expect([post('nux'), post('nux')]).toEqual(['taken', 'EVENTS_TOO_MANY'])
  now -= 3_600_000
  expect(post('nux')).toBe('EVENTS_TOO_MANY')
  now += 600_000
  expect(post('nux')).toBe('taken')
})
