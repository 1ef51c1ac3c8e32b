// Requests that are built one upon the other, tested together, and landed with one push.

import { describe, expect, test } from 'vitest'
import type { MachineState } from '../../src/actors/machine.ts'
import { refinery as def } from '../../src/actors/refinery/refinery.machine.ts'
import { after, decisions, type Saying, stepsOf } from '../support/decisions.ts'
import { BASE, configured, gateResult, message, RIG } from '../support/messages.ts'
import { advanced, beadOf, built, commit, each, head, mr, name, ready, tree } from '../support/stacks.ts'

const eight = { ...configured, batch: 8 }
const refinery = () => decisions(`${RIG}/refinery`)
type Outcome = Parameters<typeof gateResult>[0]
const ran = (n: number, outcome: Outcome, gate = 'test') =>
  message('gates.ran', { mergeRequest: mr(n), tree: tree(n), results: [gateResult(outcome, gate)] })
const baseRan = (outcome: Outcome) =>
  message('gates.ran', { mergeRequest: null, tree: BASE, results: [gateResult(outcome)] })
const conflicted = (n: number) => message('merge.conflicted', { mergeRequest: mr(n) })
const stacked = (count: number): Saying[] => [eight, ...each(count, ready), ...each(count, (n) => built(n))]
/** The tip is red twice, on a base that passes. */
const redTwice = (count: number): Saying[] => [
  ...stacked(count),
  ran(count, 'failed'),
  baseRan('passed'),
  ran(count, 'failed'),
]
const to = (n: number, type: string, fields: object = {}) => [mr(n), { type, ...fields }] as const
const bead = (n: number, type: string, fields: object = {}) =>
  [`beads/${beadOf(n)}`, { type, ...fields }] as const
const witnessed = (n: number, type: string, fields: object = {}) =>
  [`${RIG}/witness`, { type, mergeRequest: mr(n), ...fields }] as const
const gates = (n: number, fields: object = {}) =>
  ['gates.run', { mergeRequest: mr(n), commit: commit(n), ...fields }] as const
const pushes = (...of: number[]) =>
  [
    'target.push',
    {
      mergeRequest: mr(of.at(-1) ?? 0),
      base: BASE,
      commit: commit(of.at(-1) ?? 0),
      ...(of.length > 1 && {
        parts: of.map((n) => ({ mergeRequest: mr(n), commit: commit(n), head: head(n) })),
      }),
    },
  ] as const

describe('a stack', () => {
  test('[REFINERY-25] is built one upon the other of what is ready, and tested by its highest', () => {
    refinery()
      .given(eight, ...each(3, ready))
      .when(built(1))
      .gives({
        state: 'building',
        tells: [to(1, 'mr.test', { base: BASE }), to(2, 'mr.build'), bead(2, 'bead.test')],
        effects: [['merge.build', { mergeRequest: mr(2), onto: commit(1) }]],
      })
    refinery()
      .given(eight, ...each(3, ready), built(1), built(2))
      .when(built(3))
      .gives({
        state: 'testing',
        facts: [{ type: 'BatchBegan', base: BASE, commit: commit(3), beads: ['sh-1', 'sh-2', 'sh-3'] }],
        tells: [to(3, 'mr.test', { base: commit(2) })],
        effects: [gates(3)],
      })
  })

  test('[REFINERY-25] is as high as the rig says, and one where it says nothing', () => {
    refinery()
      .given({ ...configured, batch: 2 }, ...each(3, ready), built(1))
      .when(built(2))
      .gives({ state: 'testing' })
    refinery()
      .given(configured, ...each(3, ready))
      .when(built(1))
      .gives({ state: 'testing', facts: [], effects: [gates(1)] })
  })

  test('[REFINERY-25] is one where a person passes a gate, and for what mends the target', () => {
    const asking = { ...eight, approvals: [{ name: 'review', again: false }] }
    refinery()
      .given(asking, ...each(2, ready))
      .when(built(1))
      .gives({ state: 'testing' })
    const fixes = each(2, (n) => message('refinery.fixes', { bead: beadOf(n), fixes: true }))
    refinery()
      .given(eight, message('refinery.freeze'), ...fixes, ...each(2, ready))
      .when(built(1))
      .gives({ state: 'testing' })
  })

  test('[REFINERY-15] told to hold, it takes nothing more onto it', () => {
    refinery()
      .given(eight, ...each(2, ready), message('refinery.hold'))
      .when(built(1))
      .gives({ state: 'testing', effects: [gates(1)] })
  })

  test('[REFINERY-26] leaves out who does not fit onto it: without blame, in its place', () => {
    const NOT_ONTO = [
      conflicted(2),
      message('merge.empty', { mergeRequest: mr(2) }),
      message('merge.notBuilt', { mergeRequest: mr(2) }),
    ]
    for (const news of [...NOT_ONTO, message('effect.failed', { kind: 'merge.build' })])
      refinery()
        .given(eight, ...each(3, ready), built(1))
        .when(news)
        .gives({
          state: 'building',
          tells: [to(2, 'mr.requeue'), to(3, 'mr.build'), bead(3, 'bead.test')],
          effects: [['merge.build', { mergeRequest: mr(3), onto: commit(1) }]],
        })
    refinery()
      .given(eight, ...each(2, ready), built(1))
      .when(conflicted(2))
      .gives({ state: 'testing', facts: [], effects: [gates(1)] })
    // Its turn is next, on the target alone; there a conflict is its own.
    const next = [eight, ...each(3, ready), built(1), conflicted(2), built(3, commit(1)), ran(3, 'passed')]
    refinery()
      .given(...next)
      .when(advanced(1, 3))
      .gives({
        state: 'building',
        context: { current: mr(2), stack: [] },
      })
    refinery()
      .given(...next, advanced(1, 3))
      .when(conflicted(2))
      .gives({ tells: [to(2, 'mr.conflict'), witnessed(2, 'REWORK_REQUEST', { attempts: 1 })] })
  })
})

describe('a green stack', () => {
  test('[REFINERY-27][P8] lands with one push of its highest', () => {
    refinery()
      .given(...stacked(4))
      .when(ran(4, 'passed'))
      .gives({
        state: 'landing',
        tells: [
          ...each(3, (n) =>
            to(n, 'mr.push', {
              results: [gateResult('passed')],
              tested: { commit: commit(4), tree: tree(4) },
            }),
          ),
          to(4, 'mr.push', { results: [gateResult('passed')] }),
        ],
        effects: [pushes(1, 2, 3, 4)],
      })
  })

  test('[REFINERY-27] each of them lands in the same turn, in order, with its own commit and proof', () => {
    refinery()
      .given(...stacked(2), ran(2, 'passed'))
      .when(advanced(1, 2))
      .gives({
        state: 'idle',
        facts: [{ type: 'TargetAdvanced', from: BASE, to: commit(2), mergeRequests: [mr(1), mr(2)] }],
        tells: each(2, (n) => [
          to(n, 'mr.land', { commit: commit(n), tree: tree(n), patchId: `p${n}` }),
          bead(n, 'bead.land', { commit: commit(n) }),
          witnessed(n, 'MERGED', { commit: commit(n) }),
        ]).flat(),
        context: { stack: [], current: null },
      })
  })

  test('[REFINERY-27][P8] of which not all is proved has not landed yet: it is asked again', () => {
    refinery()
      .given(...stacked(3), ran(3, 'passed'))
      .when(advanced(1, 3))
      .gives({ state: 'held', facts: [{ type: 'LandingWaits', code: 'NOT_PROVED' }] })
  })

  test('[REFINERY-27] without gates it lands as well', () => {
    refinery()
      .given({ ...eight, gates: [], ungated: true }, ...each(2, ready), built(1))
      .when(built(2))
      .gives({ state: 'landing', effects: [pushes(1, 2)] })
  })

  test('[REFINERY-28] a target that moved has all of it built anew, from the lowest', () => {
    refinery()
      .given(...stacked(3), ran(3, 'passed'))
      .when(message('target.moved'))
      .gives({
        state: 'building',
        tells: [...each(3, (n) => to(n, 'mr.requeue')), to(1, 'mr.build'), bead(1, 'bead.test')],
        effects: [['merge.build', { mergeRequest: mr(1) }]],
        context: { stack: [] },
      })
  })

  test('[REFINERY-28] a push that was not answered is made again as it was', () => {
    const landing = [...stacked(2), ran(2, 'passed')]
    for (const news of [message('target.refused'), message('target.dirty'), message('effect.failed')]) {
      refinery()
        .given(...landing)
        .when(news)
        .gives({
          state: 'held',
          tells: [to(2, 'mr.wait'), to(1, 'mr.wait')],
          facts: [{ type: 'LandingWaits' }],
        })
      refinery()
        .given(...landing, news)
        .when(after('hold', 'refinery.held'))
        .gives({ state: 'landing', effects: [pushes(1, 2)] })
    }
  })

  test('[REFINERY-28] what could not be tested is held with its lowest, and built anew', () => {
    for (const news of [ran(3, 'notStarted'), message('gates.notRun'), { ...ran(3, 'passed'), tree: BASE }]) {
      refinery()
        .given(...stacked(3))
        .when(news)
        .gives({
          state: 'held',
          tells: [to(2, 'mr.requeue'), to(3, 'mr.requeue'), to(1, 'mr.wait')],
          context: { current: mr(1), stack: [] },
        })
      refinery()
        .given(...stacked(3), news)
        .when(message('refinery.retry'))
        .gives({ state: 'building', effects: [['merge.build', { mergeRequest: mr(1) }]] })
    }
  })
})

describe('a red stack', () => {
  test('[REFINERY-29][P8] has its base tested first, and then runs once more before anything is believed', () => {
    refinery()
      .given(...stacked(4))
      .when(ran(4, 'failed'))
      .gives({ state: 'checking', effects: [['gates.run', { mergeRequest: null, commit: BASE }]] })
    refinery()
      .given(...stacked(4), ran(4, 'failed'))
      .when(baseRan('passed'))
      .gives({ state: 'testing', tells: [], effects: [gates(4, { again: true })] })
    // Also alone, where a rig stacks.
    refinery()
      .given(...stacked(1), ran(1, 'failed'))
      .when(baseRan('passed'))
      .gives({ state: 'testing', tells: [], effects: [gates(1, { again: true })] })
    refinery()
      .given(...redTwice(1).slice(0, -1))
      .when(ran(1, 'failed'))
      .gives({ state: 'idle', facts: [], tells: [to(1, 'mr.fail'), witnessed(1, 'MERGE_FAILED')] })
  })

  test('[REFINERY-29] a rig with batches of one believes it the second time too; one that was configured before, at once', () => {
    const alone = (more: object) => {
      const one = [{ ...eight, batch: 1, ...more }, ready(1), built(1), ran(1, 'failed')]
      return refinery()
        .given(...one)
        .when(baseRan('passed'))
    }
    alone({ twice: true }).gives({ state: 'testing', tells: [], effects: [gates(1, { again: true })] })
    alone({}).gives({ state: 'idle', tells: [to(1, 'mr.fail'), witnessed(1, 'MERGE_FAILED')] })
  })

  test('[REFINERY-29] green the second time lands, and the gate is told as flaky', () => {
    refinery()
      .given(...redTwice(4).slice(0, -1))
      .when(ran(4, 'passed'))
      .gives({
        state: 'landing',
        facts: [
          {
            type: 'GateFlaky',
            gate: 'test',
            tree: tree(4),
            first: { outcome: 'failed' },
            second: { outcome: 'passed' },
          },
        ],
        effects: [pushes(1, 2, 3, 4)],
      })
  })

  test('[REFINERY-20] on a base that is red by itself blames nobody', () => {
    refinery()
      .given(...stacked(3), ran(3, 'failed'))
      .when(baseRan('failed'))
      .gives({
        state: 'idle',
        facts: [{ type: 'TargetRed' }],
        tells: each(3, (n) => to(n, 'mr.requeue')),
        effects: [],
      })
  })

  test('[REFINERY-30] is halved between what has passed and what has not', () => {
    refinery()
      .given(...redTwice(8).slice(0, -1))
      .when(ran(8, 'failed'))
      .gives({
        state: 'testing',
        facts: [{ type: 'BatchNarrowed', good: [], suspects: each(8, mr), testing: each(4, mr) }],
        tells: [],
        effects: [gates(4)],
      })
    refinery()
      .given(...redTwice(8))
      .when(ran(4, 'passed'))
      .gives({
        facts: [{ good: each(4, mr), suspects: each(8, mr).slice(4), testing: each(6, mr) }],
        effects: [gates(6)],
      })
    refinery()
      .given(...redTwice(8))
      .when(ran(4, 'failed'))
      .gives({ facts: [{ good: [], suspects: each(4, mr), testing: each(2, mr) }], effects: [gates(2)] })
  })

  const CULPRITS = each(8, (n) => n)

  test.each(CULPRITS)(
    '[REFINERY-30] one culprit of eight is alone after at most 6 runs, the one of the base not counted: the %ith',
    (culprit) => {
      const { runs, told, pushed } = isolate(8, [culprit])
      expect(runs).toBeLessThanOrEqual(6)
      expect(told.filter(([, type]) => type === 'MERGE_FAILED')).toEqual([[mr(culprit), 'MERGE_FAILED']])
      expect(pushed).toEqual(culprit === 1 ? [] : [commit(culprit - 1)])
    },
  )

  test('[REFINERY-31][P8] only who turns green into red goes back; those below land at once', () => {
    refinery()
      .given(...redTwice(4), ran(2, 'passed'))
      .when(ran(3, 'failed'))
      .gives({
        state: 'landing',
        facts: [
          {
            type: 'CulpritFound',
            mergeRequest: mr(3),
            bead: 'sh-3',
            commit: commit(3),
            green: commit(2),
            of: 4,
          },
        ],
        tells: [
          to(3, 'mr.fail', { gate: 'test' }),
          witnessed(3, 'MERGE_FAILED', { gate: 'test', logTail: 'not ok 1', attempts: 1 }),
          to(4, 'mr.requeue', { reason: 'sh-3 below it did not pass test' }),
          to(1, 'mr.push', { tested: { commit: commit(2), tree: tree(2) } }),
          to(2, 'mr.push', { results: [gateResult('passed')] }),
        ],
        effects: [pushes(1, 2)],
      })
    // Nothing is below the first.
    refinery()
      .given(...redTwice(2))
      .when(ran(1, 'failed'))
      .gives({
        state: 'building',
        facts: [{ type: 'CulpritFound', mergeRequest: mr(1), green: BASE }],
        tells: [
          to(1, 'mr.fail'),
          witnessed(1, 'MERGE_FAILED'),
          to(2, 'mr.requeue'),
          to(2, 'mr.build'),
          bead(2, 'bead.test'),
        ],
        effects: [['merge.build', { mergeRequest: mr(2) }]],
      })
  })

  test('[REFINERY-31] the last of them is the culprit by the runs of the whole', () => {
    refinery()
      .given(...redTwice(2))
      .when(ran(1, 'passed'))
      .gives({
        state: 'landing',
        facts: [{ type: 'CulpritFound', mergeRequest: mr(2), commit: commit(2), green: commit(1) }],
        effects: [pushes(1)],
      })
  })

  test('[REFINERY-31] of two culprits each is found, and all others land', () => {
    const { failed, landed } = untilDone(8, [2, 7])
    expect(failed).toEqual([mr(2), mr(7)])
    expect(landed).toEqual([1, 3, 4, 5, 6, 8].map(mr))
  })

  test('[REFINERY-32] another gate than that of the whole convicts only when it is red twice', () => {
    refinery()
      .given(...redTwice(2))
      .when(ran(1, 'failed', 'lint'))
      .gives({ state: 'testing', tells: [], effects: [gates(1, { again: true })] })
    refinery()
      .given(...redTwice(2), ran(1, 'failed', 'lint'))
      .when(ran(1, 'failed', 'lint'))
      .gives({ facts: [{ type: 'CulpritFound', mergeRequest: mr(1), gate: 'lint' }] })
    // Green the second time, it is the one above.
    refinery()
      .given(...redTwice(2), ran(1, 'failed', 'lint'))
      .when({ ...ran(1, 'passed'), results: [gateResult('passed', 'lint'), gateResult('passed')] })
      .gives({
        state: 'landing',
        facts: [
          { type: 'GateFlaky', gate: 'lint' },
          { type: 'CulpritFound', mergeRequest: mr(2), gate: 'test' },
        ],
        effects: [pushes(1)],
      })
  })

  test('[REFINERY-32] a gate that was flaky before convicts only when it is red twice', () => {
    const flaky = [...redTwice(1).slice(0, -1), ran(1, 'passed'), advanced(1)]
    const two = [ready(2), ready(3), built(2, commit(1)), built(3), ran(3, 'failed'), ran(3, 'failed')]
    refinery()
      .given(...flaky, ...two)
      .when(ran(2, 'failed'))
      .gives({ state: 'testing', effects: [gates(2, { again: true })] })
  })

  test('[REFINERY-26] who is left out is told so, also when nothing may land any more', () => {
    refinery()
      .given(eight, ...each(2, ready), built(1), { ...eight, gates: [] })
      .when(conflicted(2))
      .gives({ state: 'unguarded', tells: [to(2, 'mr.requeue'), to(1, 'mr.wait')] })
  })

  test('[REFINERY-11] gates that change meanwhile blame nobody: all of it is put back', () => {
    refinery()
      .given(...redTwice(3), { ...eight, gates: [] })
      .when(ran(1, 'failed'))
      .gives({
        state: 'unguarded',
        facts: [{ type: 'LandingWaits' }],
        tells: [...each(3, (n) => to(n, 'mr.requeue')), to(1, 'mr.wait')],
      })
  })
})

describe('a stack on a target that is frozen', () => {
  const freeze = message('refinery.freeze', { reason: 'the release is being cut' })
  const thaw = message('refinery.thaw')

  test('[REFINERY-33][P8] is put back, and each keeps its place', () => {
    refinery()
      .given(...stacked(2), freeze)
      .when(ran(2, 'passed'))
      .gives({
        state: 'idle',
        tells: each(2, (n) => to(n, 'mr.requeue', { reason: expect.stringContaining('is frozen') })),
        effects: [],
      })
    refinery()
      .given(...stacked(2), freeze, ran(2, 'passed'))
      .when(thaw)
      .gives({ state: 'building', effects: [['merge.build', { mergeRequest: mr(1) }]] })
    refinery()
      .given(...redTwice(3), freeze, ran(1, 'passed'))
      .when(ran(2, 'passed'))
      .gives({ state: 'idle', facts: [{ type: 'CulpritFound', mergeRequest: mr(3) }], effects: [] })
  })

  test('[REFINERY-33] a push of it of which nobody knows stays together, and is made again when it is thawed', () => {
    const unsure = [...stacked(3), ran(3, 'passed'), message('target.refused'), freeze]
    refinery()
      .given(...unsure)
      .when(after('hold', 'refinery.held'))
      .gives({
        state: 'idle',
        tells: each(3, (n) => to(n, 'mr.wait', { code: 'TARGET_FROZEN' })),
        effects: [],
      })
    // Nobody of it is taken up alone, whatever is said of its bead.
    refinery()
      .given(...unsure, after('hold', 'refinery.held'))
      .when(message('refinery.fixes', { bead: beadOf(1), fixes: true }))
      .gives({ state: 'idle', effects: [] })
    refinery()
      .given(...unsure, after('hold', 'refinery.held'))
      .when(thaw)
      .gives({
        state: 'landing',
        tells: each(3, (n) => to(n, 'mr.resume')),
        effects: [pushes(1, 2, 3)],
      })
  })

  test('[REFINERY-33] by another way to land it is built anew, but for a push of which nobody knows', () => {
    const elsewhere = { ...eight, target: 'next' }
    const landing = [...stacked(2), ran(2, 'passed')]
    refinery()
      .given(...landing, message('target.dirty'))
      .when(elsewhere)
      .gives({
        state: 'building',
        tells: [...each(2, (n) => to(n, 'mr.requeue')), to(1, 'mr.build'), bead(1, 'bead.test')],
      })
    refinery()
      .given(...landing, message('target.refused'))
      .when(eight)
      .gives({ state: 'landing', effects: [pushes(1, 2)] })
  })
})

describe('waiting for others', () => {
  const patient = { ...eight, batch: 2, batchWaitSeconds: 30 }

  test('[REFINERY-34] the first of an empty queue waits as long as the rig says, or until the stack is full', () => {
    refinery()
      .given(patient)
      .when(ready(1))
      .gives({ state: 'gathering', effects: [['timer', { delayMs: 30_000 }]] })
    refinery()
      .given(patient, ready(1))
      .when(ready(2))
      .gives({ state: 'building', effects: [['merge.build', { mergeRequest: mr(1) }]] })
    refinery()
      .given(patient, ready(1))
      .when(after('batchWait', 'refinery.gathering'))
      .gives({ state: 'building' })
    refinery().given(patient, ready(1)).when(message('refinery.retry')).gives({ state: 'building' })
    refinery().given(eight).when(ready(1)).gives({ state: 'building' })
  })

  test('[REFINERY-34] who came while others were tested has waited enough', () => {
    refinery()
      .given(patient, ready(1), ready(2), built(1), built(2), ready(3), ran(2, 'passed'))
      .when(advanced(1, 2))
      .gives({ state: 'building', effects: [['merge.build', { mergeRequest: mr(3) }]] })
    refinery()
      .given(patient, ready(1), ready(2), built(1), built(2), ran(2, 'passed'), advanced(1, 2))
      .when(ready(3))
      .gives({ state: 'gathering' })
  })
})

test('what a Refinery of before version 4 had built is a stack of one', () => {
  const context = { current: mr(1), commit: commit(1), tree: tree(1), base: BASE }
  const migrated = (state: MachineState, from: number) => def.migrate?.(state, from)
  expect(migrated({ value: 'testing', context }, 3)?.context.stack).toEqual([
    { request: mr(1), commit: commit(1), tree: tree(1), base: BASE },
  ])
  expect(migrated({ value: 'building', context }, 3)?.context).toEqual(context)
  expect(
    migrated({ value: 'idle', context: { ...context, current: null } }, 3)?.context.stack,
  ).toBeUndefined()
})

/** Gates by which all are red that stand on a culprit; answers until something was concluded. */
function isolate(count: number, culprits: readonly number[]) {
  const steps = stepsOf(`${RIG}/refinery`)
  const told: [string, string][] = []
  const pushed: string[] = []
  let runs = 0
  let asked: string[] = []
  const take = (said: Saying): void => {
    const decision = steps.take(said)
    if (decision.kind === 'refused') throw new Error(decision.refusal.message)
    asked = []
    for (const { kind, params } of decision.effects) {
      if (kind === 'gates.run') asked.push(String(params.commit))
      if (kind === 'target.push') pushed.push(String(params.commit))
      if (kind !== 'tell') continue
      for (const { message: said } of params.messages as { message: Saying & { mergeRequest?: string } }[])
        told.push([String(said.mergeRequest), said.type])
    }
  }
  for (const said of stacked(count)) take(said)
  for (let n = 0; asked.length > 0 && n < 20; n += 1) {
    const tested = each(count, commit).indexOf(asked[0] ?? '') + 1
    if (tested > 0) runs += 1
    take(
      tested === 0
        ? baseRan('passed')
        : ran(tested, culprits.some((one) => one <= tested) ? 'failed' : 'passed'),
    )
  }
  return { runs, told, pushed }
}

/** The whole queue, by a world that does what is asked of it. */
function untilDone(count: number, culprits: readonly number[]) {
  const steps = stepsOf(`${RIG}/refinery`)
  const [failed, landed]: [string[], string[]] = [[], []]
  const open: { kind: string; params: Record<string, unknown> }[] = []
  const on = new Map<string, readonly string[]>([[BASE, []]])
  let target = BASE
  const take = (said: Saying): void => {
    const decision = steps.take(said)
    if (decision.kind === 'refused') throw new Error(decision.refusal.message)
    for (const { kind, params } of decision.effects) {
      if (kind !== 'tell' && !kind.startsWith('timer')) open.push({ kind, params })
      if (kind !== 'tell') continue
      for (const { message: said } of params.messages as { message: Saying & { mergeRequest?: string } }[]) {
        if (said.type === 'MERGE_FAILED') failed.push(String(said.mergeRequest))
        if (said.type === 'MERGED') landed.push(String(said.mergeRequest))
      }
    }
  }
  const answer = ({ kind, params }: (typeof open)[number]): Saying => {
    const mergeRequest = params.mergeRequest as string | null
    if (kind === 'merge.build') {
      const base = String(params.onto ?? target)
      const all = [...(on.get(base) ?? []), String(mergeRequest)]
      const made = name('e', 100 + on.size)
      on.set(made, all)
      return { type: 'merge.built', mergeRequest, commit: made, tree: made, base }
    }
    if (kind === 'gates.run') {
      const made = String(params.commit)
      const isRed = (on.get(made) ?? []).some((one) => culprits.map(mr).includes(one))
      return {
        type: 'gates.ran',
        mergeRequest,
        tree: made,
        results: [gateResult(isRed ? 'failed' : 'passed')],
      }
    }
    target = String(params.commit)
    const proof = { patchId: 'p', proof: 'p' }
    const parts = params.parts as { mergeRequest: string }[] | undefined
    const proofs = parts?.map((part) => ({ mergeRequest: part.mergeRequest, ...proof }))
    return { type: 'target.advanced', mergeRequest, head: target, ...proof, ...(proofs && { parts: proofs }) }
  }
  for (const said of [eight, ...each(count, ready)]) take(said)
  for (let next = open.shift(), n = 0; next !== undefined && n < 200; next = open.shift(), n += 1)
    take(answer(next))
  return { failed, landed }
}
