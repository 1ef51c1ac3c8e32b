import { expect, test } from 'vitest'
import { FACT_TYPES, MESSAGE_TYPES, RETIRED } from '../../src/events/index.ts'
import { RECORD_VERSION } from '../../src/events/record.ts'
import { upcast, upcastWith } from '../../src/events/upcasters.ts'
import { anyRecord } from '../support/records.ts'

const old = anyRecord(7, 'town', [{ type: 'TownStarted', downSeconds: 4 }])

test('a record of today is left as it is', () => {
  expect(upcast(old)).toBe(old)
})

test('[P3] an old record is lifted step by step, and the one that was read is not changed', () => {
  const lift = upcastWith(
    {
      // Before: `downSeconds`. From 2: `downMs`.
      [RECORD_VERSION + 1]: (record) => ({
        ...record,
        facts: record.facts.map(({ downSeconds, ...rest }) => ({
          ...rest,
          downMs: Number(downSeconds) * 1_000,
        })),
      }),
      [RECORD_VERSION + 2]: (record) => ({ ...record, by: `${record.by}!` }),
    },
    RECORD_VERSION + 2,
  )
  const before = structuredClone(old)
  expect(lift(old)).toEqual({
    ...old,
    v: RECORD_VERSION + 2,
    by: 'overseer!',
    facts: [{ type: 'TownStarted', downMs: 4_000 }],
  })
  expect(old).toEqual(before)
})

test('a record of a newer version is not read, and says what to do', () => {
  expect(() => upcast({ ...old, v: RECORD_VERSION + 1 })).toThrow(/Install a newer one\.$/)
})

test('there is a step to each version, so that every log can be read', () => {
  for (let v = 1; v <= RECORD_VERSION; v += 1) expect(upcast({ ...old, v }).v).toBe(RECORD_VERSION)
  expect(() => upcastWith({}, RECORD_VERSION + 1)(old)).toThrow('no step to version')
})

test('a retired name is used by nothing that is written today', () => {
  expect(new Set(RETIRED).size).toBe(RETIRED.length)
  for (const name of RETIRED) expect([...MESSAGE_TYPES, ...FACT_TYPES]).not.toContain(name)
})
