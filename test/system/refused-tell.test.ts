import { expect, test } from 'vitest'
import { createMemoryLog } from '../../eventlog/index.ts'
import { machineAt } from '../../src/actors/index.ts'
import type { Message } from '../../src/events/index.ts'
import { openSystem } from '../../src/system/system.ts'
import { BASE, configured, message, RIG } from '../support/messages.ts'

test('a place that was given to a bead closed meanwhile is free again [MAYOR-7]', async () => {
  let n = 0
  const system = await openSystem({
    log: createMemoryLog(),
    machines: machineAt,
    clock: { now: () => Date.UTC(2027, 2, 1), after: () => () => {} },
    onRecord: () => {},
  })
  const say = (...messages: [to: string, message: Message][]) => {
    n += 1
    return system.take({
      id: `t-${n}`,
      by: 'overseer',
      messages: messages.map(([to, each]) => ({ to, message: each })),
    })
  }
  await say([`rigs/${RIG}`, message('rig.add', { settings: { 'limits.polecats': 1 } })])
  await say([`rigs/${RIG}`, message('rig.cloned', { head: BASE })])
  await say([`${RIG}/refinery`, configured])
  for (const bead of ['sh-1', 'sh-2']) {
    await say([`beads/${bead}`, message('bead.create')])
    await say([`beads/${bead}`, message('bead.queue')], ['mayor', message('dispatch.request', { bead })])
  }
  await system.idle()
  expect(system.owner('mayor')?.context).toHaveProperty('place/shop/nux', { bead: 'sh-1', group: 'g1' })

  // Both are decided before the Mayor hears that sh-2 was closed.
  await Promise.all([
    say(['beads/sh-2', message('bead.close')]),
    say(['mayor', message('dispatch.freePlace', { rig: RIG, name: 'nux' })]),
  ])
  await system.idle()

  const { context = {} } = system.owner('mayor') ?? {}
  expect(Object.keys(context).filter((key) => /^(place|queue)\//.test(key))).toEqual([])
  expect(system.owner('beads/sh-2')?.value).toBe('closed')
  await system.close()
})
