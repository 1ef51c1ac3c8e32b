// State from the log alone, and what deciding each record again finds.

import { expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { machineAt } from '../../src/actors/index.ts'
import type { MachineDef } from '../../src/actors/machine.ts'
import type { LogRecord } from '../../src/events/record.ts'
import { recordOf } from '../../src/events/upcasters.ts'
import { digestInto, partsOf } from '../../src/past/parts.ts'
import { createRebuild } from '../../src/past/rebuild.ts'
import { createTown } from '../api/town.ts'

async function records(): Promise<LogRecord[]> {
  const { town, bead, command, close } = await createTown()
  await bead('Fix the till')
  const id = await bead('Fix the cart')
  await command('bead.close', { bead: id, reason: 'not needed' })
  await bead('Paint the door')
  const found: LogRecord[] = []
  for await (const { line } of town.log.read()) found.push(recordOf(line))
  await close()
  return found
}

/** Beads that are closed and stay open. */
const wrong =
  (version: (now: number) => number) =>
  (address: string): MachineDef | null => {
    const def = machineAt(address)
    if (def?.name !== 'bead') return def
    const { config, implementations } = def.machine
    const open = config.states?.open
    const on = { ...(open?.on as object), 'bead.close': { target: 'open' } }
    const states = { ...config.states, open: { ...open, on } }
    const machine = createMachine({ ...config, states } as never, implementations as never)
    return { ...def, version: version(def.version), machine }
  }

test('[P3] a decision that today’s machine of the same version would not make is named with both', async () => {
  const all = await records()
  const closing = all.find(({ message, refused }) => message.type === 'bead.close' && refused === undefined)
  const rebuild = createRebuild(wrong((now) => now))
  rebuild.fold(all)
  expect(rebuild.divergences.listed).toContainEqual({
    seq: closing?.seq,
    actor: closing?.actor,
    field: 'to',
    recorded: 'closed',
    computed: 'open',
  })
  expect(new Set(rebuild.divergences.listed.map(({ seq }) => seq))).toEqual(new Set([closing?.seq]))
  expect(rebuild.changedDecisions.count).toBe(0)
  const right = createRebuild(machineAt)
  right.fold(all)
  expect([right.divergences.count, right.changedDecisions.count]).toEqual([0, 0])
})

test('[P3] a decision of an earlier version that would be another today is listed apart, and is no fault', async () => {
  const all = await records()
  const rebuild = createRebuild(wrong((now) => now + 1))
  rebuild.fold(all)
  expect(rebuild.divergences.count).toBe(0)
  expect(rebuild.changedDecisions.listed).toContainEqual(
    expect.objectContaining({ field: 'to', recorded: 'closed', computed: 'open' }),
  )
})

test('[P3] facts, effects and changes that were recorded otherwise are found, each by its name', async () => {
  const all = await records()
  const n = all.findIndex(({ message }) => message.type === 'bead.close')
  for (const [field, other] of [
    ['facts', []],
    ['effects', [{ kind: 'nothing', params: {} }]],
    ['change', { set: { rig: 'other' } }],
  ] as const) {
    const planted = all.with(n, { ...(all[n] as LogRecord), [field]: other } as LogRecord)
    const rebuild = createRebuild(machineAt)
    rebuild.fold(planted)
    expect(rebuild.divergences.listed[0]).toMatchObject({ seq: n + 1, field, recorded: other })
  }
})

test('[P3] a record that was erased is named, and neither it nor what was decided upon it is a fault', async () => {
  const all = await records()
  const n = all.findIndex(({ message }) => message.type === 'bead.create')
  const { actor, seq } = all[n] as LogRecord
  const left = {
    ...(all[n] as LogRecord),
    message: { type: 'bead.create' },
    change: { set: {} },
    erased: 'f'.repeat(64),
  }
  const rebuild = createRebuild(wrong((now) => now))
  rebuild.fold(all.with(n, left))
  expect(rebuild.erased).toEqual({ count: 1, listed: [seq] })
  expect(rebuild.divergences.listed.filter((one) => one.actor === actor)).toEqual([])
  expect(rebuild.divergences.count).toBeGreaterThan(0)
})

test('[P1] every row of the state is in its digest', async () => {
  const all = await records()
  const textOf = (plant: (rebuild: ReturnType<typeof createRebuild>) => void): string => {
    const rebuild = createRebuild(null)
    rebuild.fold(all)
    plant(rebuild)
    const texts: string[] = []
    const hash = { update: (text: string) => texts.push(text) }
    digestInto(hash, partsOf({ system: rebuild.checkpoint(), projections: rebuild.projections }))
    return texts.join('')
  }
  const right = textOf(() => {})
  expect(textOf(() => {})).toBe(right)
  expect(
    textOf(({ projections }) => {
      for (const row of projections.beads.rows.byId.values()) row.priority += 1
    }),
  ).not.toBe(right)
  expect(textOf(({ projections }) => void projections.feed.rows.items.shift())).not.toBe(right)
  for (const [address] of createdOwners(all)) expect(right).toContain(`owners ${JSON.stringify(address)} `)
})

function createdOwners(all: readonly LogRecord[]) {
  const rebuild = createRebuild(null)
  rebuild.fold(all)
  return rebuild.checkpoint().owners
}
