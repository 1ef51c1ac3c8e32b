// Defects put between the system and its world on purpose: a simulation that does not find them proves nothing.

import type { EventLog } from '../../eventlog/types.ts'
import type { MachineDef } from '../../src/actors/machine.ts'
import { MAYOR } from '../../src/events/address.ts'
import type { AnyEffect } from '../../src/events/record.ts'
import type { Plant } from './daemon.ts'
import { replacing } from './replacing.ts'

/** Says "written" when it is only being written. */
export const acknowledgesTooEarly: Plant = (options) => ({
  ...options,
  log: withAppend(options.log, (entries, opts, append) => {
    const first = options.log.next
    append(entries, opts).catch(() => {})
    return Promise.resolve({ first, last: first + entries.length - 1, repeated: false })
  }),
})

/** Begins effects while the record that asks for them is being written. */
export const actsTooEarly: Plant = (options) => ({
  ...options,
  log: withAppend(options.log, (entries, opts, append) => {
    const first = options.log.next
    entries.forEach((entry, index) => {
      const { actor, effects } = entry as { actor: string; effects: readonly AnyEffect[] }
      effects.forEach(({ kind, params }, n) => {
        if (kind === 'tell' || kind.startsWith('timer')) return
        const { signal } = new AbortController()
        options
          .perform?.({ id: `${first + index}.${n}`, kind, params, actor, again: false, signal })
          .catch(() => {})
      })
    })
    return append(entries, opts)
  }),
})

/** Loses one timer in three. */
export const forgetsTimers: Plant = (options, world) => ({
  ...options,
  clock: {
    now: () => options.clock.now(),
    after: (ms, fire) =>
      // Not the deadlines of effects, which are long.
      ms <= 5 * 60_000 && world.random.chance(0.33) ? () => {} : options.clock.after(ms, fire),
  },
})

/** Gives beads a place that the rig does not have. */
export const ignoresPlaces: Plant = (options) => ({
  ...options,
  machines: (address) => {
    const def = options.machines(address)
    return address === MAYOR && def !== null ? generous(def) : def
  },
})

/** Carries an effect out a second time when it has just been answered. */
export const performsTwice: Plant = (options, world) => ({
  ...options,
  perform: async (effect) => {
    const { perform } = options
    if (perform === undefined) throw new Error('A simulated town carries out effects')
    const answer = await perform(effect)
    if (world.random.chance(0.1)) await perform(effect)
    return answer
  },
})

/** Does not remember which ids were written. */
export const forgetsIds: Plant = (options) => ({
  ...options,
  log: replacing(options.log, {
    find: () => Promise.resolve(undefined),
    append: (entries, { id, ...others }) =>
      options.log.append(entries, { ...others, id: `${id} ${options.log.next}` }),
  }),
})

/** Says green without running a gate. */
export const trustsTheWorker: Plant = (options) => ({
  ...options,
  perform: async (effect) => {
    const answer = await (options.perform?.(effect) ?? Promise.reject(new Error('nobody')))
    if (answer.message.type !== 'gates.ran') return answer
    const results = (answer.message.results as readonly object[]).map((one) => ({
      ...one,
      exitCode: 0,
      outcome: 'passed',
    }))
    return { ...answer, message: { ...answer.message, results } }
  },
})

type Append = EventLog['append']

function withAppend(
  log: EventLog,
  append: (
    entries: Parameters<Append>[0],
    options: Parameters<Append>[1],
    original: Append,
  ) => ReturnType<Append>,
): EventLog {
  return replacing(log, {
    append: (entries, options) => append(entries, options, (...both) => log.append(...both)),
  })
}

const made = new WeakMap<MachineDef, MachineDef>()

function generous(def: MachineDef): MachineDef {
  const known = made.get(def)
  if (known !== undefined) return known
  const { machine } = def
  const wrapped = Object.assign(Object.create(machine) as typeof machine, {
    transition: (snapshot: never, event: { type: string }, scope: never) =>
      machine.transition(
        snapshot,
        (event.type === 'dispatch.openRig' ? { ...event, placesMax: 50 } : event) as never,
        scope,
      ),
  })
  const result = { ...def, machine: wrapped }
  made.set(def, result)
  return result
}
