import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemoryDisk, createMemoryLog, type EventLog, type LogStats } from '../../eventlog/index.ts'
import { gathered } from './contract.ts'
import { levelSubject } from './level-subject.ts'

type Fault = 'lost' | 'written'

/** One log under test and what can be done to it. */
type Side = { log: EventLog; fail(fault: Fault): void; restart(): Promise<EventLog> }

type Step =
  | {
      readonly do: 'append'
      readonly id: number
      readonly count: number
      readonly expected: number | undefined
    }
  | { readonly do: 'many'; readonly count: number }
  | { readonly do: 'fail'; readonly fault: Fault; readonly id: number }
  | {
      readonly do: 'read'
      readonly after: number
      readonly to: number
      readonly reverse: boolean
      readonly limit: number
    }
  | { readonly do: 'find' | 'get'; readonly n: number }
  | { readonly do: 'seal' | 'reopen' | 'restart' | 'verify' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      id: fc.nat(12),
      count: fc.integer({ min: 1, max: 4 }),
      expected: fc.option(fc.nat(20), { nil: undefined, freq: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('many' as const), count: fc.integer({ min: 100, max: 400 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      fault: fc.constantFrom<Fault>('lost', 'written'),
      id: fc.nat(12),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      after: fc.nat(1200),
      to: fc.nat(1200),
      reverse: fc.boolean(),
      limit: fc.integer({ min: 0, max: 700 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('find' as const, 'get' as const), n: fc.nat(600) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('seal' as const, 'reopen' as const, 'restart' as const, 'verify' as const),
    }),
  },
)

test('[L1] [L3] [L5] [L6] [L10] both engines give the same answers to the same random calls', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const level = await levelSubject()
      const disk = createMemoryDisk()
      const window = { idWindowEntries: 500, now: () => 0 }
      const real: Side = {
        log: await level.open(window),
        fail: (fault) => level.failNext(fault),
        restart: () => level.open(window),
      }
      const model: Side = {
        log: createMemoryLog({ ...window, disk }),
        fail: (fault) => disk.failNext(fault),
        restart: async () => createMemoryLog({ ...window, disk }),
      }
      try {
        for (const [index, next] of steps.entries()) {
          const [mine, theirs] = [await take(model, next, index), await take(real, next, index)]
          expect(theirs).toEqual(mine)
          expect(real.log.head).toEqual(model.log.head)
          expect(real.log.next).toBe(model.log.next)
        }
      } finally {
        await real.log.close()
        await level.dispose()
      }
    }),
    { numRuns: 25, seed: 1 },
  )
}, 60_000)

async function take(side: Side, next: Step, index: number): Promise<unknown> {
  try {
    return await answer(side, next, index)
  } catch (error) {
    return (error as { code?: string }).code
  }
}

async function answer(side: Side, next: Step, index: number): Promise<unknown> {
  const { log } = side
  switch (next.do) {
    case 'append': {
      const entries = Array.from({ length: next.count }, (_, part) => ({ index, part }))
      return log.append(
        entries,
        next.expected === undefined
          ? { id: `i-${next.id}` }
          : { id: `i-${next.id}`, expected: next.expected },
      )
    }
    case 'many':
      return Promise.all(
        Array.from({ length: next.count }, (_, n) => log.append([{ n }], { id: `m-${index}-${n}` })),
      )
    case 'fail': {
      // Under an id that was not used: a repeated one writes nothing, and the fault would meet a later write.
      const id = `f-${index}-${next.id}`
      side.fail(next.fault)
      const refused = await log.append([{ index }], { id }).catch((error: { code: string }) => error.code)
      const poisoned = await log
        .append([{ index }], { id: 'i-0' })
        .catch((error: { code: string }) => error.code)
      await log.reopen()
      return [refused, poisoned, await log.find(id)]
    }
    case 'read':
      return gathered(log.read({ after: next.after, to: next.to, reverse: next.reverse, limit: next.limit }))
    case 'find':
      return [await log.find(`i-${next.n % 13}`), await log.find(`m-${next.n % 25}-${next.n}`)]
    case 'get':
      return log.get(next.n)
    case 'seal':
      return log.seal()
    case 'reopen':
      return log.reopen()
    case 'verify':
      return [await log.verify(), withoutDisk(await log.stats())]
    case 'restart':
      await log.close()
      side.log = await side.restart()
      return side.log.head
  }
}

/** What an engine takes on its disk is its own affair. */
function withoutDisk({ bytesOnDisk: _, ...stats }: LogStats): Omit<LogStats, 'bytesOnDisk'> {
  return stats
}
