import { spawn } from 'node:child_process'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { endProcesses } from '../../src/pty/end-processes.ts'
import type { ProcessLook } from '../../src/pty/process-table.ts'
import { processes } from '../../src/pty/processes.ts'
import { sharedLooks } from '../../src/pty/shared-looks.ts'

afterEach(() => vi.restoreAllMocks())

/** A table whose passes are counted and take `costs` ms each, and a clock that is set by hand. */
function counted(costs = 0) {
  let now = 0
  let later: { readonly at: number; readonly run: () => void }[] = []
  const passes: { readonly began: number; readonly look: ProcessLook }[] = []
  const during: (() => void)[] = []
  const ask = sharedLooks(
    () => {
      const look: ProcessLook = {
        ...{ withMarker: () => [], inSessionOf: () => [], lives: () => false },
        variable: () => null,
      }
      passes.push({ began: now, look })
      for (const each of during.splice(0)) each()
      now += costs
      return look
    },
    { now: () => now, after: (ms, run) => void later.push({ at: now + ms, run }) },
  )
  return {
    ask,
    passes,
    during,
    waits: () => later.map(({ at }) => at - now),
    /** Lets the next pass begin, as early as it may. */
    async next() {
      const due = later
      later = []
      for (const { at, run } of due) {
        now = Math.max(now, at)
        run()
      }
      await Promise.resolve()
    },
  }
}

describe('[PTY-31] looking at all processes', () => {
  test('one pass answers everybody who asked before it began', async () => {
    const table = counted()
    const asked = Array.from({ length: 50 }, () => table.ask())
    expect(table.passes).toHaveLength(0)
    await table.next()
    const answers = await Promise.all(asked)
    expect(table.passes).toHaveLength(1)
    expect(new Set(answers)).toEqual(new Set([table.passes[0]?.look]))
  })

  test('nobody is answered from a pass that began before they asked, not even in its midst', async () => {
    const table = counted(10)
    const answered: string[] = []
    table.during.push(() => void table.ask().then((look) => answered.push(nameOf(look))))
    const nameOf = (look: ProcessLook) => String(table.passes.findIndex((pass) => pass.look === look))
    void table.ask().then((look) => answered.push(`first ${nameOf(look)}`))
    await table.next()
    expect(answered).toEqual(['first 0'])
    void table.ask().then((look) => answered.push(nameOf(look)))
    await table.next()
    expect(answered).toEqual(['first 0', '1', '1'])
  })

  test('after a pass it rests as long as the pass took, and runs nothing when nobody asks', async () => {
    const table = counted(30)
    expect(table.waits()).toEqual([])
    const first = table.ask()
    expect(table.waits()).toEqual([0])
    await table.next()
    await first
    expect(table.waits()).toEqual([])
    const second = table.ask()
    expect(table.waits()).toEqual([30])
    await table.next()
    await second
    expect(table.passes.map(({ began }) => began)).toEqual([0, 60])
  })

  test('a pass that fails is told to those who asked for it, and the next one is another', async () => {
    let fails = true
    const due: (() => void)[] = []
    const look: ProcessLook = {
      ...{ withMarker: () => [], inSessionOf: () => [], lives: () => false },
      variable: () => null,
    }
    const ask = sharedLooks(
      () => {
        if (fails) throw new Error('no /proc')
        return look
      },
      { now: () => 0, after: (_, run) => void due.push(run) },
    )
    const failed = Promise.all([expect(ask()).rejects.toThrow('no /proc'), expect(ask()).rejects.toThrow()])
    due.shift()?.()
    await failed
    fails = false
    const good = ask()
    due.shift()?.()
    expect(await good).toBe(look)
  })

  test('[PTY-11] a marker is found behind any number of other variables, and nothing that only begins like it', async () => {
    const env = { A_LOT: 'x'.repeat(120_000), GT_TEST_MARK: `${process.pid}` }
    const child = spawn('/bin/sleep', ['60'], { env, stdio: 'ignore' })
    try {
      const found = () => processes.withMarker([`GT_TEST_MARK=${process.pid}`]).map(({ pid }) => pid)
      await vi.waitFor(() => expect(found()).toEqual([child.pid]))
      expect(processes.withMarker([`GT_TEST_MARK=${process.pid}`.slice(0, -1)])).toEqual([])
      expect(processes.withMarker([`GT_TEST_MARK=${process.pid}`, 'GT_TEST_MARK=other'])).toEqual([])
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('fifty endings at once take about as many looks as one', async () => {
    const look = vi.spyOn(processes, 'look')
    await endProcesses(['GT_TEST_OF_LOOKS=none'], null, 0)
    expect(look).toHaveBeenCalledTimes(2)
    look.mockClear()
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => endProcesses([`GT_TEST_OF_LOOKS=none ${n}`], null, 0)),
    )
    expect(look.mock.calls.length).toBeLessThan(10)
  })
})
