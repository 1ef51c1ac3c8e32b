import { describe, expect, test } from 'vitest'
import { judge } from '../../src/actors/pull/pull.judge.ts'
import { LOOK_MS, LOOK_MS_MAX } from '../../src/actors/pull/pull.machine.ts'
import { after, decisions, type Saying } from '../support/decisions.ts'
import {
  BASE,
  BEAD,
  COMMIT,
  HEAD,
  MERGE_REQUEST,
  message,
  PULL,
  pullSeen,
  RIG,
  TREE,
} from '../support/messages.ts'

const propose = message('pull.propose')
const opened = message('pull.opened')
const lookAgain = after('look', 'pull.watching')
const seen = (more: Partial<typeof pullSeen>) => message('pull.seen', { seen: { ...pullSeen, ...more } })
const pull = (...given: Saying[]) => decisions(PULL).given(...given)
const looking = [propose, opened, lookAgain]
const waits = (code: string) => ({
  type: 'PullWaits',
  mergeRequest: MERGE_REQUEST,
  bead: BEAD,
  number: 7,
  code,
})
const told = (fields: object) =>
  [`${RIG}/refinery`, { type: 'pull.judged', pull: PULL, commit: COMMIT, ...fields }] as const
const mr = (code: string) => [MERGE_REQUEST, { type: 'mr.wait', code }] as const
const open = (fields: object = {}) =>
  ['pull.open', { mergeRequest: MERGE_REQUEST, commit: COMMIT, ...fields }] as const
const timer = (delayMs: number) => ['timer', { delayMs }] as const

describe('[PULL-1] opening', () => {
  test('what is proposed is opened, and looked at after a while', () => {
    pull()
      .when(propose)
      .gives({ state: 'opening', effects: [open({ replaces: [COMMIT], bead: BEAD })] })
    pull(propose)
      .when(opened)
      .gives({
        state: 'watching',
        facts: [{ type: 'PullOpened', number: 7, commit: COMMIT }],
        tells: [mr('PULL_OPEN')],
        effects: [timer(LOOK_MS)],
      })
    pull(propose, opened)
      .when(lookAgain)
      .gives({ state: 'looking', effects: [['pull.look', { number: 7, target: 'main' }]] })
  })

  test('what it takes back goes along, each time', () => {
    const revert = { of: [{ base: BASE, commit: HEAD, bead: 'sh-0' }], reason: 'it breaks' }
    const taking = { ...propose, revert }
    pull()
      .when(taking)
      .gives({ effects: [open({ revert })] })
    pull(taking, message('pull.notOpened'))
      .when(after('look', 'pull.notOpened'))
      .gives({ effects: [open({ revert })] })
  })

  test('another commit takes its place at any time, from where the one before stood', () => {
    const next = { ...propose, commit: TREE }
    for (const given of [[propose], [propose, opened], looking, [...looking, seen({})]])
      pull(...given)
        .when(next)
        .gives({ state: 'opening', effects: [open({ commit: TREE, replaces: [COMMIT, TREE] })] })
  })

  test('[PULL-5] what cannot be opened is tried again later each time, is said once, and waits as long as it is asked to', () => {
    const not = message('pull.notOpened')
    const again = after('look', 'pull.notOpened')
    pull(propose)
      .when(not)
      .gives({
        state: 'notOpened',
        facts: [{ type: 'PullNotOpened', code: 'GIT_FAILED' }],
        tells: [mr('GIT_FAILED')],
        effects: [timer(LOOK_MS)],
      })
    pull(propose, not)
      .when(again)
      .gives({ state: 'opening', effects: [open()] })
    pull(propose, not, again)
      .when(not)
      .gives({ state: 'notOpened', facts: [], effects: [timer(2 * LOOK_MS)] })
    pull(propose)
      .when({ ...not, waitMs: 900_000 })
      .gives({ effects: [timer(900_000)] })
    pull(propose)
      .when(message('effect.failed', { kind: 'pull.open' }))
      .gives({ state: 'notOpened' })
  })
})

describe('looking', () => {
  test('[PULL-2] when all is well the Refinery is told, and nothing more is asked of the forge', () => {
    pull(...looking)
      .when(seen({}))
      .gives({
        state: 'ready',
        facts: [{ type: 'PullJudged', ok: true, said: 'passed build, approved by ada' }],
        tells: [told({ ok: true, number: 7 })],
        effects: [],
      })
  })

  test('[PULL-3] a check, a reviewer or a person who says no is told with what they said', () => {
    pull(...looking)
      .when(seen({ checks: [{ name: 'build', state: 'failed', said: 'it fell' }] }))
      .gives({ state: 'refused', tells: [told({ ok: false, what: 'build', said: 'it fell' })] })
    pull(...looking)
      .when(seen({ reviews: [{ by: 'bob', verdict: 'changes', said: 'why?' }] }))
      .gives({ state: 'refused', tells: [told({ ok: false, what: 'review by bob', said: 'why?' })] })
    pull(...looking)
      .when(seen({ state: 'closed' }))
      .gives({ state: 'refused', tells: [told({ ok: false, what: 'pull request' })] })
  })

  test('[PULL-4] what it waits for is said once for each reason, and the looks become rarer', () => {
    const wait = seen({ reviews: [] })
    pull(...looking)
      .when(wait)
      .gives({
        state: 'watching',
        facts: [waits('PULL_REVIEW')],
        tells: [mr('PULL_REVIEW')],
        effects: [timer(2 * LOOK_MS)],
      })
    pull(...looking, wait, lookAgain)
      .when(wait)
      .gives({ facts: [], tells: [], effects: [timer(4 * LOOK_MS)] })
    const many = Array.from({ length: 9 }, () => [wait, lookAgain]).flat()
    pull(...looking, ...many)
      .when(seen({ checks: [] }))
      .gives({ facts: [waits('PULL_CHECKS')], effects: [timer(LOOK_MS_MAX)] })
  })

  test('[PULL-5] a forge that cannot be asked is asked again, and changes nothing', () => {
    pull(...looking)
      .when(message('pull.notSeen', { code: 'FORGE_BUSY', message: 'later', waitMs: 900_000 }))
      .gives({ state: 'watching', facts: [waits('FORGE_BUSY')], effects: [timer(900_000)] })
    pull(...looking)
      .when(message('effect.failed', { kind: 'pull.look' }))
      .gives({ state: 'watching' })
  })
})

test('[PULL-6] when nobody waits for it nothing more is asked, and once it has landed it is over', () => {
  for (const given of [[propose], [propose, opened], looking])
    pull(...given)
      .when(message('pull.withdraw'))
      .gives({ state: 'withdrawn', effects: [] })
  pull(...looking, seen({}))
    .when(message('pull.landed'))
    .gives({ state: 'landed' })
})

describe('[PULL-3] judging', () => {
  const wanted = { commit: COMMIT, checks: ['build'], approvals: 1 }
  const said = (more: Partial<typeof pullSeen>, other: Partial<typeof wanted> = {}) => {
    const verdict = judge({ ...pullSeen, ...more }, { ...wanted, ...other })
    return verdict.kind === 'waits' ? verdict.code : verdict.kind
  }

  test('nothing but a plain yes lets it be merged', () => {
    expect(said({})).toBe('ready')
    expect(said({ head: HEAD })).toBe('PULL_CHANGED')
    expect(said({ draft: true })).toBe('PULL_DRAFT')
    expect(said({ mergeable: 'blocked' })).toBe('PULL_BLOCKED')
    expect(said({ mergeable: 'unknown' })).toBe('PULL_UNKNOWN')
    expect(said({ checks: [] })).toBe('PULL_CHECKS')
    expect(said({ checks: [] }, { checks: [] })).toBe('ready')
    const open = { name: 'e2e', state: 'waiting', said: 'queued' } as const
    expect(said({ checks: [...pullSeen.checks, open] })).toBe('PULL_CHECKS')
    expect(said({ reviews: [] })).toBe('PULL_REVIEW')
    expect(said({ reviews: [] }, { approvals: 0 })).toBe('ready')
  })

  test('on a target that has moved it is the Refinery’s turn, and a no counts all the same', () => {
    for (const mergeable of ['conflict', 'behind'] as const) {
      expect(said({ mergeable, reviews: [], checks: [] })).toBe('ready')
      expect(said({ mergeable, checks: [{ name: 'e2e', state: 'failed', said: '' }] })).toBe('refused')
    }
    expect(said({ state: 'merged', head: BASE })).toBe('ready')
  })
})
