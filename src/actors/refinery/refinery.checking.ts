// The states in which a Refinery tests the target itself, rather than what would land on it.

import { setup } from 'xstate'
import { stops } from '../../events/define.ts'
import { ACTIONS, type Event, typesOf, writing } from '../machine.ts'
import { putBack, type RefineryContext, type To } from './refinery.context.ts'
import { fail, hold, isGreen } from './refinery.decisions.ts'
import { isMending, isTwice, testPrefix } from './refinery.judging.ts'
import { isKnownRed, noteGreen, noteRed, notTested, requeue, testTarget } from './refinery.target.ts'
import { rejectable } from './refinery.undo.ts'

const { does, when } = writing<RefineryContext>()

const state = setup({ types: typesOf<RefineryContext>(), actions: ACTIONS }).createStateConfig

export const ofTheTarget = {
  /** The base of what is in hand, which is red, or the target of now: is it red by itself? */
  checking: state({
    on: {
      ...rejectable,
      'gates.ran': [
        { guard: when('gates.ran', isStale), target: 'idle', actions: does('gates.ran', putBack) },
        {
          guard: when(
            'gates.ran',
            (context, event) => notStarted(event) !== undefined && isOfRequest(context),
          ),
          target: 'held',
          actions: does('gates.ran', (context, event, to) => notRun(context, gateNotStarted(event), to)),
        },
        {
          guard: when('gates.ran', (_, event) => notStarted(event) !== undefined),
          target: 'idle',
          actions: does('gates.ran', (context, event, to) => notRun(context, gateNotStarted(event), to)),
        },
        {
          // What stands on it was red once.
          guard: when(
            'gates.ran',
            (context, { results }) => isGreen(context, results) && isOfRequest(context) && isTwice(context),
          ),
          target: 'testing',
          actions: does('gates.ran', (context, _, to) => {
            noteGreen(context, context.base, context.testedBy, to)
            testPrefix(context, context.stack.length, true, to)
          }),
        },
        {
          guard: when('gates.ran', (context, { results }) => isGreen(context, results)),
          target: 'idle',
          actions: does('gates.ran', (context, _, to) => {
            noteGreen(context, context.base, context.testedBy, to)
            if (context.current !== null) fail(context, context.results, to)
          }),
        },
        {
          target: 'idle',
          actions: does('gates.ran', (context, { results }, to) => {
            noteRed(context, results, to)
            if (context.current === null) return
            // What is to mend it did not.
            if (isMending(context)) fail(context, context.results, to)
            else requeue(context, results, to)
          }),
        },
      ],
      'gates.notRun': [
        { guard: when('gates.notRun', isOfRequest), target: 'held', actions: does('gates.notRun', notRun) },
        { target: 'idle', actions: does('gates.notRun', notRun) },
      ],
      'effect.failed': [
        {
          guard: when('effect.failed', isOfRequest),
          target: 'held',
          actions: does('effect.failed', notRun),
        },
        { target: 'idle', actions: does('effect.failed', notRun) },
      ],
    },
  }),

  /** Where does the red target stand? */
  looking: state({
    on: {
      'target.seen': [
        { guard: when('target.seen', isKnownRed), target: 'idle' },
        {
          target: 'checking',
          actions: does('target.seen', (context, { head }, to) => testTarget(context, head, to)),
        },
      ],
      'target.notSeen': { target: 'idle', actions: does('target.notSeen', notTested) },
      'effect.failed': { target: 'idle', actions: does('effect.failed', notTested) },
    },
  }),
}

/** What could not be tested says nothing of anybody. */
function notRun(context: RefineryContext, failure: { code: string; message: string }, to: To): void {
  if (context.current === null) notTested(context, failure, to)
  else hold('building')(context, failure, to)
}

function isOfRequest(context: RefineryContext): boolean {
  return context.current !== null
}

/** Another way to land was set while it was tested. */
export function isStale({ testedBy, way }: RefineryContext): boolean {
  return testedBy !== way
}

export const notStarted = ({ results }: Pick<Event<'gates.ran'>, 'results'>) =>
  results.find((result) => result.outcome === 'notStarted' && stops(result))

export function gateNotStarted({ results }: Event<'gates.ran'>): { code: string; message: string } {
  const gate = notStarted({ results })
  const message = `The gate ${gate?.name} could not be started: ${gate?.logTail}`.slice(0, 1_900)
  return { code: 'GATE_NOT_STARTED', message }
}
