import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTown, type TestTown } from './town.ts'

const NUX = 'shop/polecats/nux'

let town: TestTown
beforeEach(async () => {
  town = await createTown()
})
afterEach(() => town.close())

/** As a Witness says it. */
const die = (n: number, agent = NUX, bead = `sh-9${n}`) =>
  town.town.system.take(
    {
      id: `death ${n}`,
      by: 'shop/witness',
      messages: [
        {
          to: 'deacon',
          message: {
            type: 'RECOVERY_NEEDED',
            bead,
            sandbox: `${agent}/sandboxes/1`,
            agent,
            reason: 'its program was killed by SIGKILL',
            ending: 'killed',
          },
        },
      ],
    },
    { settled: true },
  )

test('[DEACON-13] [MAYOR-18] after many deaths at once status, queue and why name the hold, and gt thaw ends it', async () => {
  for (const n of [1, 2, 3]) await die(n, `shop/polecats/p${n}`)
  const { body: status } = await town.get('/v1/status')
  expect(status).toMatchObject({ paused: { deaths: 3, withinMs: 30_000 }, stopped: null })
  expect(status.waitsForYou).toMatchObject([{ code: 'MASS_DEATH' }])
  const bead = await town.bead('Dear')
  const slung = await town.command('sling', { beads: [bead] })
  expect(slung.body.queued).toMatchObject([{ bead, waitingFor: { kind: 'massDeath', id: 'town' } }])
  expect(JSON.stringify((await town.get(`/v1/why/${bead}`)).body)).toContain('many agents died at once')
  expect((await town.command('thaw')).body).toMatchObject({ thawed: 'town' })
  expect((await town.get('/v1/status')).body.paused).toBeNull()
  expect((await town.get(`/v1/beads/${bead}?until=started&waitMs=5000`)).body.stage).toBe('working')
  expect((await town.command('thaw')).body.code).toBe('NOT_STOPPED')
})

test('[DEACON-12] [MAYOR-19] who is in quarantine gets no bead until gt thaw names them', async () => {
  const first = await town.bead('First')
  await town.command('sling', { beads: [first] })
  await town.working(first)
  for (const n of [1, 2, 3, 4, 5]) await die(n)
  await town.command('thaw')
  const named = await town.bead('Named')
  const slung = await town.command('sling', { beads: [named], to: NUX, now: true })
  expect(slung.body.refused).toMatchObject([{ code: 'NO_PLACE' }])
  expect((await town.command('thaw', { agent: 'nux' })).body).toMatchObject({ thawed: NUX })
  expect((await town.command('thaw', { agent: 'nux' })).body.code).toBe('NOT_QUARANTINED')
})
