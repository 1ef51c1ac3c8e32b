import { describe, expect, test } from 'vitest'
import { foreignBetween, meant, REVERTED_MAX } from '../../src/api/reverting.ts'
import { RepositoryError } from '../../src/ports/repositories.ts'
import type { Projections } from '../../src/projections/index.ts'

const address = (n: number) => `shop/merge-requests/mr-${n}`
const commit = (n: number) => String(n).padEnd(40, 'c')
const row = (n: number, more: object = {}) => ({
  id: `mr-${n}`,
  address: address(n),
  bead: `sh-${n}`,
  rig: 'shop',
  target: 'main',
  state: 'landed',
  reverts: [],
  revertedBy: null,
  requestedAt: `2027-01-01T00:00:${String(n).padStart(2, '0')}.000Z`,
  receipt: { base: commit(n - 1), commit: commit(n), seq: n * 10 },
  ...more,
})
/** As far as it is asked about. */
const known = (...rows: ReturnType<typeof row>[]): Projections =>
  ({
    rigs: {
      rows: new Map([
        ['shop', { name: 'shop', target: { branch: 'main' }, remote: { kind: 'origin', url: 'x' } }],
      ]),
    },
    mergeQueue: { rows: new Map(rows.map((one) => [one.address, one])) },
    beads: { rows: { byId: new Map() } },
  }) as unknown as Projections
const NOBODY = { of: [], batch: false, epic: null, since: null, rig: undefined }
const since = (seq: number) => ({ ...NOBODY, since: { seq, text: '1h' } })
const taking = (n: number) => [
  { mergeRequest: address(n), bead: `sh-${n}`, base: commit(n - 1), commit: commit(n) },
]

describe('[REFINERY-96] since a moment', () => {
  test('the newest is first, and what took back what had landed before is left and named', () => {
    const rows = [row(1), row(2), row(3, { reverts: taking(1) }), row(4, { target: 'other' }), row(5)]
    const found = meant(known(...rows), since(10))
    expect(found.rows.map(({ id }) => id)).toEqual(['mr-5', 'mr-2'])
    expect(found.left).toEqual([
      { mergeRequest: 'mr-3', bead: 'sh-3', why: 'took back what had landed before' },
    ])
  })

  test('what was taken back already, by another one of them, is there no more', () => {
    const by = { mergeRequest: address(3), commit: commit(3), reason: '', at: '' }
    const rows = [row(1), row(2, { state: 'reverted', revertedBy: by }), row(3, { reverts: taking(2) })]
    const found = meant(known(...rows), since(0))
    expect(found.rows.map(({ id }) => id)).toEqual(['mr-1'])
    expect(found.left).toEqual([{ mergeRequest: 'mr-2', bead: 'sh-2', why: 'was taken back by mr-3' }])
  })

  test('nothing, too much, and several targets are refused', () => {
    const many = Array.from({ length: REVERTED_MAX + 1 }, (_, n) => row(n + 1))
    const code = (of: Parameters<typeof meant>[1], ...rows: ReturnType<typeof row>[]): unknown => {
      try {
        return meant(known(...rows), of).rows.length
      } catch (error) {
        return (error as { code?: unknown }).code
      }
    }
    expect(code(since(10), row(1))).toBe('NOTHING_TO_REVERT')
    expect(code(since(0), ...many)).toBe('REVERT_TOO_LARGE')
    expect(code(since(10), ...many)).toBe(REVERTED_MAX)
    const named = { ...NOBODY, of: ['mr-1', 'mr-2'] }
    expect(code(named, row(1), row(2, { target: 'other' }))).toBe('INPUT_INVALID')
  })
})

test('[REFINERY-96] what others put in between is looked up from the oldest to the newest, and where nobody can look that is said', async () => {
  const projections = known(row(1), row(2), row(3), row(4))
  const { rows } = meant(projections, { ...NOBODY, of: ['mr-2', 'mr-4'] })
  const asked: unknown[] = []
  const theirs = { commit: commit(9), author: { name: 'Ada', email: 'a@x' }, at: null, title: 'By hand' }
  const repositories = (auditTarget: (input: unknown) => unknown) =>
    ({ auditTarget }) as unknown as Parameters<typeof foreignBetween>[0]['repositories']
  const looking = repositories((input) => {
    asked.push(input)
    return { unreceipted: [theirs] }
  })
  const found = foreignBetween({ projections, repositories: looking }, rows)
  expect(await found).toEqual([{ commit: commit(9), author: 'Ada', at: null, title: 'By hand' }])
  expect(asked).toMatchObject([
    { since: commit(1), head: commit(4), receipts: [2, 3, 4].map((n) => ({ commit: commit(n) })) },
  ])
  expect(await foreignBetween({ projections, repositories: null }, rows)).toBeNull()
  const fails = repositories(() => Promise.reject(new RepositoryError('GIT_FAILED', 'no')))
  expect(await foreignBetween({ projections, repositories: fails }, rows)).toBeNull()
  expect(await foreignBetween({ projections, repositories: null }, rows.slice(0, 1))).toEqual([])
})
