// The states in which a Refinery waits for, builds and tests what would land.

import { setup } from 'xstate'
import type { Message } from '../../events/index.ts'
import { ACTIONS, type Event, typesOf, writing } from '../machine.ts'
import { lookAhead } from './refinery.ahead.ts'
import { gateNotStarted, isStale, notStarted } from './refinery.checking.ts'
import { mayLand, putBack, type RefineryContext, settingsOf, type To } from './refinery.context.ts'
import {
  buildOnto,
  conflict,
  hold,
  isOfTheWork,
  nothingLeft,
  push,
  runGates,
  unusable,
} from './refinery.decisions.ts'
import { convict, follows, leavesGood, noteFlaky, pass, testNext } from './refinery.judging.ts'
import { mayBegin, next } from './refinery.queue.ts'
import {
  batchWaitMs,
  beginBatch,
  isToGather,
  isUpon,
  leaveOut,
  nextOnto,
  noteBuilt,
  noteGathered,
  withBuilt,
  withoutIt,
} from './refinery.stack.ts'
import { requeue, testTarget } from './refinery.target.ts'
import { rejectable } from './refinery.undo.ts'
import { isTested, mayPush, setAside } from './refinery.waiting.ts'

const { does, when } = writing<RefineryContext>()

const state = setup({
  types: typesOf<RefineryContext>(),
  actions: ACTIONS,
  delays: { batchWait: ({ context }) => batchWaitMs(context) },
}).createStateConfig

const hasNoGate = (context: RefineryContext): boolean => settingsOf(context)?.gates.length === 0

/** What can be said of the one that is being built. */
type Answer = Extract<Message['type'], `merge.${string}` | 'effect.failed'>

/** The stack is what `then` makes of it; it grows, or is tested, or lands where no gate is asked for. */
function goesOn<T extends Answer>(
  type: T,
  then: (context: RefineryContext, event: Event<T>) => RefineryContext,
  say: (context: RefineryContext, event: Event<T>, to: To) => void,
  only: (context: RefineryContext) => boolean = () => true,
) {
  const is = (test: (after: RefineryContext) => boolean) =>
    when(type, (context, event) => only(context) && test(then(context, event)))
  const taking = (decide: (after: RefineryContext, event: Event<T>, to: To) => void) =>
    does(type, (context, event, to) => {
      const after = then(context, event)
      const { current, commit, tree, base, stack, leftOut } = after
      say(context, event, to)
      to.set({ current, commit, tree, base, stack, leftOut })
      decide(after, event, to)
    })
  return [
    {
      guard: is((after) => !mayLand(after)),
      target: 'idle' as const,
      actions: does(type, (context, event, to) => {
        const after = then(context, event)
        if (after.leftOut.length > context.leftOut.length) say(context, event, to)
        putBack(after, event, to)
      }),
    },
    {
      guard: is((after) => nextOnto(after) !== null),
      target: 'building' as const,
      actions: taking((after, _, to) => buildOnto(after, nextOnto(after) as string, to)),
    },
    {
      guard: is((after) => hasNoGate(after) && mayPush(after)),
      target: 'landing' as const,
      actions: taking((after, _, to) => {
        beginBatch(after, to)
        push(after, [], to)
      }),
    },
    {
      guard: is(hasNoGate),
      target: 'idle' as const,
      actions: taking((after, event, to) =>
        setAside({ ...after, testedBy: after.way }, [], (event as Event<Answer>).meta.at, to),
      ),
    },
    {
      guard: is(() => true),
      target: 'testing' as const,
      actions: taking((after, event, to) => {
        beginBatch(after, to)
        runGates(after, after.commit, to)
        lookAhead(after, (event as Event<Answer>).meta.at, to)
      }),
    },
  ]
}

/** It could not be built onto the others: they go on without it. */
const goesOnWithout = <T extends Answer>(type: T, why: (event: Event<T>) => string) =>
  goesOn(type, withoutIt, (context, event, to) => leaveOut(context, why(event), to), isUpon)

/** It was rejected while it was built, and the next one is being built since. */
const ofAnother = <T extends Answer>(type: T) => ({
  guard: when(type, ({ current }, event) => {
    const { mergeRequest } = 'params' in event ? event.params : event
    return mergeRequest !== undefined && mergeRequest !== current
  }),
})

const said = ({ message }: { readonly message: string }): string => message

export const ofTheWork = {
  /** The queue was empty, and more may come. */
  gathering: state({
    always: {
      guard: ({ context }) => !mayBegin(context) || isTested(context, next(context)) || !isToGather(context),
      target: 'idle',
      actions: does('refinery.retry', noteGathered),
    },
    after: { batchWait: { target: 'idle', actions: does('refinery.retry', noteGathered) } },
    on: { 'refinery.retry': { target: 'idle', actions: does('refinery.retry', noteGathered) } },
  }),

  building: state({
    on: {
      ...rejectable,
      'merge.built': [ofAnother('merge.built'), ...goesOn('merge.built', withBuilt, noteBuilt)],
      'merge.conflicted': [
        ofAnother('merge.conflicted'),
        ...goesOnWithout('merge.conflicted', ({ files }) => `both change ${files.slice(0, 5).join(', ')}`),
        { target: 'idle', actions: does('merge.conflicted', conflict) },
      ],
      'merge.empty': [
        ofAnother('merge.empty'),
        ...goesOnWithout('merge.empty', () => 'nothing of it is left to land'),
        { target: 'idle', actions: does('merge.empty', nothingLeft) },
      ],
      'merge.notBuilt': [
        ofAnother('merge.notBuilt'),
        ...goesOnWithout('merge.notBuilt', said),
        {
          guard: when('merge.notBuilt', isOfTheWork),
          target: 'idle',
          actions: does('merge.notBuilt', unusable),
        },
        { target: 'held', actions: does('merge.notBuilt', hold('building')) },
      ],
      'effect.failed': [
        ofAnother('effect.failed'),
        ...goesOnWithout('effect.failed', said),
        { target: 'held', actions: does('effect.failed', hold('building')) },
      ],
    },
  }),

  testing: state({
    on: {
      ...rejectable,
      'gates.ran': [
        {
          // Another way to land was set while these ran: the worker is not to blame.
          guard: when('gates.ran', isStale),
          target: 'idle',
          actions: does('gates.ran', putBack),
        },
        {
          guard: when('gates.ran', ({ tree }, event) => event.tree !== tree),
          target: 'held',
          actions: does('gates.ran', (context, _, to) =>
            hold('building')(
              context,
              { code: 'TREE_DIFFERS', message: 'The gates ran on another tree.' },
              to,
            ),
          ),
        },
        {
          guard: when('gates.ran', (_, event) => notStarted(event) !== undefined),
          target: 'held',
          actions: does('gates.ran', (context, event, to) =>
            hold('building')(context, gateNotStarted(event), to),
          ),
        },
        {
          guard: when('gates.ran', (context, event) => follows('land')(context, event) && mayPush(context)),
          target: 'landing',
          actions: does('gates.ran', pass),
        },
        {
          guard: when('gates.ran', follows('land')),
          target: 'idle',
          actions: does('gates.ran', (context, { results, meta }, to) => {
            noteFlaky(context, results, to)
            setAside(context, results, meta.at, to)
          }),
        },
        {
          guard: when('gates.ran', follows('anew')),
          target: 'idle',
          actions: does('gates.ran', putBack),
        },
        {
          // Red; whose fault it is depends on what it stands on.
          guard: when('gates.ran', follows('base')),
          target: 'checking',
          actions: does('gates.ran', (context, { results }, to) => {
            to.set({ results })
            testTarget(context, context.base, to)
          }),
        },
        {
          guard: when('gates.ran', follows('redBase')),
          target: 'idle',
          actions: does('gates.ran', (context, { results }, to) => requeue(context, results, to)),
        },
        {
          guard: when('gates.ran', follows('test')),
          target: 'testing',
          actions: does('gates.ran', testNext),
        },
        { guard: when('gates.ran', leavesGood), target: 'landing', actions: does('gates.ran', convict) },
        { target: 'idle', actions: does('gates.ran', convict) },
      ],
      'gates.notRun': { target: 'held', actions: does('gates.notRun', hold('building')) },
      'effect.failed': { target: 'held', actions: does('effect.failed', hold('building')) },
    },
  }),
}
