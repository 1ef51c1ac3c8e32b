// A bank of defects: what other towns were bitten by, by the numbers of their issues, and guards of ours turned round.
//
// Always:    a defect is put between the system and its world, or around a machine; nothing of ours is changed by it.

import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { MACHINES } from '../../src/actors/index.ts'
import type { MachineDef } from '../../src/actors/machine.ts'
import { ownerKind } from '../../src/events/address.ts'
import type { AnyMessage } from '../../src/events/record.ts'
import type { Plant } from './daemon.ts'
import * as plants from './plants.ts'
import { createRandom } from './random.ts'

export type Bug = { readonly name: string; readonly issue: string | null; readonly plant: Plant }

type Snapshot = { readonly context: { readonly [key: string]: unknown }; readonly value: unknown }
type Scope = {
  readonly actionExecutor: (action: { readonly type: string; readonly params?: unknown }) => void
}
type Step = (snapshot: Snapshot, event: AnyMessage, scope: Scope) => unknown

/** Around each decision of a kind of owner. */
function around(kind: string, wrap: (next: Step, machine: AnyStateMachine) => Step): Plant {
  const made = new WeakMap<MachineDef, MachineDef>()
  return (options) => ({
    ...options,
    machines: (address) => {
      const def = options.machines(address)
      if (def === null || ownerKind(address) !== kind) return def
      const known = made.get(def)
      if (known !== undefined) return known
      const { machine } = def
      const wrapped = Object.assign(Object.create(machine) as AnyStateMachine, {
        transition: wrap(
          (snapshot, event, scope) => machine.transition(snapshot as never, event as never, scope as never),
          machine,
        ),
      })
      const result = { ...def, machine: wrapped }
      made.set(def, result)
      return result
    },
  })
}

/** Takes a message for another one; null: does not hear it. */
const mishears = (
  kind: string,
  type: string,
  instead: (event: AnyMessage, snapshot: Snapshot) => AnyMessage | null,
): Plant =>
  around(kind, (next) => (snapshot, event, scope) => {
    const heard = event.type === type ? instead(event, snapshot) : event
    return heard === null ? snapshot : next(snapshot, heard, scope)
  })

/** Answers of the world that are taken for others. */
const mistakes =
  (
    instead: (
      answer: AnyMessage,
      params: { readonly [key: string]: unknown },
      world: Parameters<Plant>[1],
    ) => AnyMessage,
  ): Plant =>
  (options, world) => ({
    ...options,
    perform: async (effect) => {
      const answer = await (options.perform?.(effect) ?? Promise.reject(new Error('nobody')))
      return { ...answer, message: instead(answer.message, effect.params, world) }
    },
  })

const KINDS = Object.keys(MACHINES)

const bug = (name: string, issue: string | null, plant: Plant): Bug => ({ name, issue, plant })

export const BANK: readonly Bug[] = [
  bug('an acknowledgement before the record is durable', null, plants.acknowledgesTooEarly),
  bug('an effect before its record is durable', null, plants.actsTooEarly),
  bug('a timer that is forgotten', null, plants.forgetsTimers),
  bug('a place that is not there', 'gastown#1971', plants.ignoresPlaces),
  bug('an effect carried out twice', 'gastown#611', plants.performsTwice),
  bug('what was taken is taken again after a restart', 'gastown#1031', plants.forgetsIds),
  bug('a red gate is called somebody else’s', 'gascity-packs#250', plants.trustsTheWorker),
  bug('the end of an old session ends the new one', 'gastown#909', (options, world) => {
    world.forgetsGenerations = true
    return options
  }),
  bug(
    'a gate that could not be run lets through',
    'gastown#4469',
    mistakes((answer, params, world) => {
      if (answer.type !== 'gates.notRun') return answer
      const { rig, commit, gates } = params as {
        rig: string
        commit: string
        gates: { name: string; command: string[] }[]
      }
      return {
        type: 'gates.ran',
        mergeRequest: answer.mergeRequest,
        tree: world.repository(rig).treeOf(commit),
        results: gates.map(({ name, command }) => ({
          name,
          command,
          exitCode: 0,
          durationMs: 1,
          logTail: '',
          outcome: 'passed',
        })),
      } as AnyMessage
    }),
  ),
  bug(
    'work that is nothing counts as landed',
    'gascity-packs#172',
    mistakes((answer, params, world) => {
      if (answer.type === 'worktree.verified') return { ...answer, commits: 1 }
      if (answer.type !== 'merge.empty') return answer
      const base = String(answer.base)
      const tree = world.repository(String(params.rig)).treeOf(base)
      return { ...answer, type: 'merge.built', commit: base, tree }
    }),
  ),
  bug(
    'a worktree goes before its work is in the target',
    'gastown#1379',
    mistakes((answer, params, world) => {
      if (answer.type === 'worktree.verified') {
        world.repository(String(params.rig)).worktrees.delete(String(params.path))
      }
      return answer
    }),
  ),
  bug('whom nobody can look up counts as dead', 'gastown#4436', (options, world) => {
    world.believesSilence = true
    return options
  }),
  bug(
    'nobody hears that an agent died',
    'gastown#3584',
    mishears('deacon', 'RECOVERY_NEEDED', () => null),
  ),
  bug(
    'an end puts nothing into the feed',
    'gastown#2534',
    around(
      'session',
      (next) => (snapshot, event, scope) =>
        next(snapshot, event, {
          ...scope,
          actionExecutor: (action) => {
            const said = (action.params as { event?: { type?: unknown } } | undefined)?.event?.type
            if (said !== 'SessionEnded') scope.actionExecutor(action)
          },
        }),
    ),
  ),
  bug('a stop that ends nothing', 'gastown#2578', (options) => ({
    ...options,
    perform: async (effect) =>
      effect.kind === 'session.stop'
        ? {
            message: { type: 'session.stopped', ending: { kind: 'killed', signal: 'SIGTERM' } } as AnyMessage,
            by: 'host',
          }
        : await (options.perform?.(effect) ?? Promise.reject(new Error('nobody'))),
  })),
  bug('a start goes on from an older state', 'beads#4240', (options, world) => {
    if (options.from === undefined || world.saved === null) return options
    const owners = [...options.from.owners].slice(0, -2)
    return { ...options, from: { ...options.from, owners } }
  }),
  bug(
    'a bead that has landed stays where it is',
    'gastown#4698',
    mishears('bead', 'bead.land', () => null),
  ),
  bug(
    'the queue stops, and everything looks well',
    'gastown#918',
    mishears('witness', 'POLECAT_DONE', () => null),
  ),
  bug(
    'what a Refinery gets is in no queue',
    null,
    mishears('refinery', 'MERGE_READY', () => null),
  ),
  bug(
    'a place is never free again',
    null,
    mishears('mayor', 'dispatch.freePlace', () => null),
  ),
  bug(
    'what has landed is never tidied away',
    null,
    mishears('sandbox', 'sandbox.close', () => null),
  ),
  bug(
    'what a gate says does not come back',
    null,
    mishears('witness', 'MERGE_FAILED', () => null),
  ),
  bug(
    'sessions that have ended live on',
    'gastown#700',
    mishears('session', 'session.exited', () => null),
  ),
  bug(
    'nothing begins again',
    'gastown#3638',
    mishears('sandbox', 'sandbox.recover', () => null),
  ),
  bug(
    'a need that is met is waited for',
    'gastown#3507',
    mishears('bead', 'bead.needMet', () => null),
  ),
]

/** Guards of our machines, as many as are asked for, drawn by a seed and each turned round. */
export function guards(count: number, seed: number): Bug[] {
  const random = createRandom(seed)
  const left = KINDS.flatMap((kind) => guardedOf(kind).map((_, n) => ({ kind, n })))
  const drawn: Bug[] = []
  while (drawn.length < count && left.length > 0) {
    const [one] = left.splice(random.between(0, left.length - 1), 1)
    if (one === undefined) break
    drawn.push(bug(`guard ${one.n} of ${one.kind} says the opposite`, null, negating(one.kind, one.n)))
  }
  return drawn
}

type Guarded = { guard?: unknown }

/** Transitions of a machine that have a guard, in the order in which they are written down. */
export function guardedOf(kind: string): Guarded[] {
  const { root } = MACHINES[kind as keyof typeof MACHINES].machine
  const below = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(below)]
  return below(root)
    .flatMap((node) => [...[...node.transitions.values()].flat(), ...(node.always ?? [])])
    .filter(({ guard }) => guard !== undefined) as Guarded[]
}

/** Only while this town decides: others may run in the same process. */
function negating(kind: string, n: number): Plant {
  return around(kind, (next) => (snapshot, event, scope) => {
    const transition = guardedOf(kind)[n] as Guarded
    const guard = transition.guard as (...all: unknown[]) => boolean
    transition.guard = (...all: unknown[]) => !guard(...all)
    try {
      return next(snapshot, event, scope)
    } finally {
      transition.guard = guard
    }
  })
}
