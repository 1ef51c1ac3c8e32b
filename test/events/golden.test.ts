import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { machineAt } from '../../src/actors/index.ts'
import { EFFECTS, Fact, type LogRecord, Message, RETIRED } from '../../src/events/index.ts'
import { upcast } from '../../src/events/upcasters.ts'
import { applyAll, createProjections } from '../../src/projections/index.ts'
import { initialContext } from '../../src/system/decide.ts'
import { migrated } from '../../src/system/migrate.ts'
import { nextState } from '../../src/system/owners.ts'
import { createRedecider } from '../../src/system/redecide.ts'
import type { OwnerState } from '../../src/system/types.ts'

/** SHA-256 of all states at the end, as read without any machine. A log stays, and so does its digest. */
const STATES: { readonly [file: string]: string } = {
  'first-slice.ndjson': '1e4d4ff8f8aade612bf509c7a9d3d80527063d06a13b5ef324cb687f3c2a207e',
}

const FOLDER = join(import.meta.dirname, '../data/golden')

test('each golden log has a digest, and each digest a log', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(STATES).sort())
})

describe.each(Object.entries(STATES))('%s', (file, digest) => {
  const records = readFileSync(join(FOLDER, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogRecord)

  test('[P3] is read without any machine, to the states it had', () => {
    expect(createHash('sha256').update(statesAfter(records)).digest('hex')).toBe(digest)
  })

  test('[P3] is folded by the projections of today', () => {
    const projections = createProjections()
    for (const record of records) applyAll(projections, upcast(record))
    const stages = [...projections.beads.rows.byId.values()].map(({ id, status, stage }) => [
      id,
      status,
      stage,
    ])
    expect(stages).toEqual(['sh-1', 'sh-2', 'sh-3', 'sh-4'].map((id) => [id, 'closed', 'landed']))
  })

  test('has only messages, facts and effects that are in the vocabulary, or retired', () => {
    for (const record of records.map(upcast)) {
      const { seq, message, facts, effects } = record
      if (!message.type.startsWith('xstate.after.')) parse(Message, seq, message)
      for (const fact of facts) parse(Fact, seq, fact)
      for (const { kind, params } of effects) {
        parse(EFFECTS[kind as keyof typeof EFFECTS].params, seq, params)
        if (kind !== 'tell') continue
        for (const told of (params as { messages: { message: object }[] }).messages)
          parse(Message, seq, told.message)
      }
    }
  })

  test('is decided again by the machines of today as it was then', () => {
    const redecider = createRedecider(machineAt)
    const found = records.map(upcast).flatMap((record) => [...redecider.check(record).divergences])
    expect(found).toEqual([])
  })

  test('[SYS-19] each state that an owner of then was in has a place in the machines of today', () => {
    const states = new Map<string, OwnerState>()
    for (const record of records) {
      if (record.refused !== undefined) continue
      const state = nextState(states.get(record.actor) ?? null, record)
      states.set(record.actor, state)
      const def = machineAt(record.actor)
      if (def === null) throw new Error(`Nothing lives at ${record.actor}.`)
      expect(Object.keys(migrated(def, record.actor, state).context)).toEqual(
        expect.arrayContaining(Object.keys(initialContext(def.machine, record.actor))),
      )
    }
  })

  test('a decision that is not the one of then is found, with what differs', () => {
    const index = records.findIndex(({ facts }) => facts.some(({ type }) => type === 'BeadLanded'))
    const record = records[index] as LogRecord
    const redecider = createRedecider(machineAt)
    for (const before of records.slice(0, index)) redecider.check(before)
    const machine = `bead@${machineAt(record.actor)?.version}`
    expect(redecider.check({ ...record, machine, facts: [] })).toMatchObject({
      divergences: [{ seq: record.seq, actor: record.actor, field: 'facts', recorded: [] }],
      changedDecisions: [],
    })
  })

  test('what another version of a machine decided differently is no fault', () => {
    const index = records.findIndex(({ facts }) => facts.some(({ type }) => type === 'BeadLanded'))
    const record = records[index] as LogRecord
    const redecider = createRedecider(machineAt)
    for (const before of records.slice(0, index)) redecider.check(before)
    expect(redecider.check({ ...record, machine: 'bead@0', facts: [] })).toMatchObject({
      divergences: [],
      changedDecisions: [{ field: 'facts' }],
    })
  })
})

test('the first slice holds a conflict, a red gate, recoveries, a question and landings', () => {
  const text = readFileSync(join(FOLDER, 'first-slice.ndjson'), 'utf8')
  for (const type of [
    'MergeConflicted',
    'MergeFailed',
    'RecoveryGranted',
    'RecoveryScheduled',
    'EscalationRaised',
    'MergeLanded',
    'RigFailed',
  ]) {
    expect(text).toContain(`"type":"${type}"`)
  }
})

/** All states as one text, with sorted keys. */
function statesAfter(records: readonly LogRecord[]): string {
  const states = new Map<string, OwnerState>()
  for (const record of records) {
    if (record.refused !== undefined) continue
    states.set(record.actor, nextState(states.get(record.actor) ?? null, record))
  }
  return JSON.stringify(
    [...states].sort(([a], [b]) => (a < b ? -1 : 1)),
    (_, value: unknown) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
  )
}

function parse(
  schema: { safeParse(value: unknown): { error?: { message: string } | undefined } },
  seq: number,
  value: unknown,
): void {
  const { type } = value as { type?: string }
  if (type !== undefined && RETIRED.includes(type)) return
  expect(schema.safeParse(value).error?.message, `record ${seq}`).toBeUndefined()
}
