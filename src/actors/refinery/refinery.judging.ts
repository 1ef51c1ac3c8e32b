// What follows from a run of the gates on a stack: it lands, it is tested once more, or the one who broke it is found.
//
// Owns:      which prefix of the stack is tested next, and who is sent back.
// Always:    whoever is sent back has turned what was green into what is red, and both were run on exactly those trees.

import { allPassed, type GateResultData, stops } from '../../events/define.ts'
import type { Event } from '../machine.ts'
import { aheadIsOver, dropAhead } from './refinery.ahead.ts'
import {
  HAND_EMPTY,
  inHand,
  isFix,
  type RedRun,
  type RefineryContext,
  requestOf,
  settingsOf,
  type To,
} from './refinery.context.ts'
import { fail, isGreen, push, runGates } from './refinery.decisions.ts'
import { holding } from './refinery.stack.ts'
import { isBaseUnknown, redOf } from './refinery.target.ts'
import { mayPush, setAside } from './refinery.waiting.ts'

/** `count`: how many of the stack, from below. */
type Next =
  | { readonly kind: 'land' }
  | { readonly kind: 'anew' }
  | { readonly kind: 'base' }
  | { readonly kind: 'redBase' }
  | { readonly kind: 'test'; readonly count: number; readonly again: boolean }
  | { readonly kind: 'culprit'; readonly count: number }
type Known = Pick<RefineryContext, 'good' | 'reds' | 'flaky'>

/** A gate that is red runs once more before it is believed. */
export const isTwice = (context: RefineryContext): boolean => {
  const { twice = false, batch = 1 } = settingsOf(context) ?? {}
  return twice || batch > 1 || context.stack.length > 1
}

const countOf = ({ stack, current }: RefineryContext): number =>
  stack.findIndex(({ request }) => request === current) + 1

/** What the run says, together with those before it. */
function learned(context: RefineryContext, results: readonly GateResultData[]): Known {
  const count = countOf(context)
  const { good, reds, again } = context
  const others = reds.filter((red) => red.count !== count)
  const flaky = [...new Set([...context.flaky, ...turnedGreen(context, results).map(({ name }) => name)])]
  if (isGreen(context, results))
    return { good: { count, results }, reds: others.filter((red) => red.count > count), flaky }
  return { good, reds: [...others, { count, results, twice: again }], flaky }
}

/** Gates that were red the first time and are green now, on the same tree. */
function turnedGreen(
  context: RefineryContext,
  results: readonly GateResultData[],
): { readonly name: string; readonly first: GateResultData; readonly second: GateResultData }[] {
  if (!context.again) return []
  const before = context.reds.find(({ count }) => count === countOf(context))?.results ?? context.results
  return before.flatMap((first) => {
    if (!stops(first)) return []
    const second = results.find(({ name, outcome }) => name === first.name && outcome === 'passed')
    return second === undefined ? [] : [{ name: first.name, first, second }]
  })
}

function following(context: RefineryContext, results: readonly GateResultData[]): Next {
  const isTip = countOf(context) === context.stack.length
  if (isGreen(context, results))
    return isTip ? { kind: 'land' } : narrowed(context, learned(context, results))
  const isRed = redOf(results) !== undefined
  if (allPassed(results) || (!isRed && context.stack.length > 1)) return { kind: 'anew' }
  if (isRed && isTip && isBaseUnknown(context)) return { kind: 'base' }
  // Begun as what mends the target, which a person has taken back since.
  if (isRed && isOnRed(context) && !isMending(context)) return { kind: 'redBase' }
  if (isRed && isTip && !context.again && isTwice(context))
    return { kind: 'test', count: context.stack.length, again: true }
  return narrowed(context, learned(context, results))
}

/** Between what is good and the lowest that is red. */
function narrowed({ stack }: RefineryContext, { good, reds, flaky }: Known): Next {
  const [lowest] = [...reds].sort((one, other) => one.count - other.count)
  if (lowest === undefined) return { kind: 'anew' }
  const { count } = lowest
  if (count - good.count > 1) return { kind: 'test', count: (good.count + count) >> 1, again: false }
  const gate = redGate(lowest)
  const ofAll = redGate(reds.find((red) => red.count === stack.length) ?? lowest)
  const isDoubtful = !lowest.twice && (gate !== ofAll || flaky.includes(gate))
  return isDoubtful ? { kind: 'test', count, again: true } : { kind: 'culprit', count }
}

const redGate = ({ results }: Pick<RedRun, 'results'>): string => redOf(results)?.name ?? ''

type Ran = Event<'gates.ran'>
/** Guards: what follows from a run. */
export const follows =
  (...kinds: readonly Next['kind'][]) =>
  (context: RefineryContext, { results }: Ran): boolean =>
    kinds.includes(following(context, results).kind)

/** Those that have passed below whoever broke it may be pushed now. */
export function leavesGood(context: RefineryContext, { results }: Ran): boolean {
  const { good } = learned(context, results)
  return good.count > 0 && mayPush({ ...context, ...holding(context.stack.slice(0, good.count)) })
}

/** Gates that cannot be trusted are told, and remembered. */
export function noteFlaky(context: RefineryContext, results: readonly GateResultData[], to: To): void {
  const { rig, commit, tree } = context
  const found = turnedGreen(context, results)
  if (found.length === 0) return
  to.set({ flaky: learned(context, results).flaky })
  for (const { name: gate, first, second } of found)
    to.fact({ type: 'GateFlaky', rig, gate, commit, tree, first, second })
}

/** The prefix that says most is tested. */
export function testNext(before: RefineryContext, { results }: Ran, to: To): void {
  const then = following(before, results)
  if (then.kind !== 'test') return
  const isFirst = countOf(before) === before.stack.length && !before.again
  // What was red once may be green the second time; nothing is concluded yet.
  const context = isFirst ? before : { ...before, ...learned(before, results) }
  if (isFirst) to.set({ results })
  else {
    noteFlaky(before, results, to)
    to.set(learned(before, results))
  }
  testPrefix(context, then.count, then.again, to)
  if (then.again) return
  const { rig, stack, good, reds } = context
  const bad = Math.min(...reds.map(({ count }) => count))
  const names = (from: number, end: number) => stack.slice(from, end).map(({ request }) => request)
  to.fact({
    type: 'BatchNarrowed',
    rig,
    target: settingsOf(context)?.target ?? '',
    good: names(0, good.count),
    suspects: names(good.count, bad),
    testing: names(0, then.count),
  })
}

/** Of a stack that was red. */
const RED = 'what it stands on is red'

/** The lowest `count` of the stack. */
export function testPrefix(context: RefineryContext, count: number, again: boolean, to: To): void {
  const { current, commit, tree } = holding(context.stack.slice(0, count))
  to.set({ current, commit, tree, again })
  dropAhead(context, RED, to)
  runGates({ ...context, current, commit, tree }, commit, to, again)
}

/** Who broke it goes back to its worker; those below go on in hand, those above keep their places. */
export function convict(before: RefineryContext, { results, meta }: Ran, to: To): void {
  const then = following(before, results)
  if (then.kind !== 'culprit') return
  noteFlaky(before, results, to)
  dropAhead(before, RED, to)
  const context = { ...before, ...learned(before, results) }
  const { rig, stack, good, reds, base } = context
  const at = then.count - 1
  const { request, commit, tree } = stack[at] as (typeof stack)[number]
  const red = reds.find(({ count }) => count === then.count)?.results ?? results
  const { bead } = requestOf(context, request)
  const gate = redOf(red)?.name ?? 'gates'
  if (stack.length > 1)
    to.fact({
      type: 'CulpritFound',
      rig,
      mergeRequest: request,
      bead,
      gate,
      commit,
      tree,
      green: stack[at - 1]?.commit ?? base,
      of: stack.length,
    })
  fail({ ...context, current: request }, red, to)
  const reason = `${bead} below it did not pass ${gate}`
  for (const { request: above } of stack.slice(then.count))
    to.tell({ to: above, message: { type: 'mr.requeue', reason } })
  to.set(HAND_EMPTY)
  if (good.count === 0) return
  const below = { ...context, ...HAND_EMPTY, ...holding(stack.slice(0, good.count)) }
  to.set(holding(below.stack))
  if (mayPush(below)) push(below, [...good.results], to)
  else setAside(below, good.results, meta.at, to)
}

/** All that was tested lands. */
export function pass(context: RefineryContext, { results }: Ran, to: To): void {
  noteFlaky(context, results, to)
  aheadIsOver(context, results, to)
  push(context, results, to)
}

const isOnRed = ({ red, base }: RefineryContext): boolean => red?.commit === base

/** What is in hand is to mend the target: red, it did not. */
export const isMending = (context: RefineryContext): boolean =>
  inHand(context).length === 1 && inHand(context).every((address) => isFix(context, address))
