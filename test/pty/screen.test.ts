import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ScreenView } from '../../src/ports/presets.ts'
import type { HostClient } from '../../src/pty/host-client.ts'
import { eventually, openTestTown, type TestTown } from './town.ts'

let town: TestTown
let host: HostClient
const quiet: { id: string; screen: ScreenView; at: number }[] = []

beforeAll(async () => {
  town = await openTestTown()
  host = await town.connect()
  host.onQuiet((id, screen) => quiet.push({ id, screen, at: performance.now() }))
})
afterAll(() => town.close())

const toldOf = (id: string) => quiet.filter((one) => one.id === id)

describe('the screen', () => {
  test('[PTY-24] has every row, the cursor, the title, and what is dim left out of `typed`', async () => {
    await host.start(
      town.spec('view', [
        'sh',
        '-c',
        "stty -echo; printf '\\033]0;✳ title\\007top\\033[3;1H> \\033[2mTry this\\033[22m kept 日本\\033[3;3H'; read -r go",
      ]),
    )
    const screen = await eventually(async () => {
      const seen = await host.screen('view')
      return seen.title === '' ? undefined : seen
    })
    expect(screen).toMatchObject({ columns: 100, rows: 30, title: '✳ title', cursor: { column: 2, row: 2 } })
    expect(screen.lines).toHaveLength(30)
    expect(screen.lines[0]).toEqual({ text: 'top', typed: 'top' })
    expect(screen.lines[2]).toEqual({ text: '> Try this kept 日本', typed: '>          kept 日本' })
    await host.stop('view', 100)
    expect(await host.screen('view')).toEqual(screen)
  })

  test('[PTY-24] is told after a second of silence, once for each time something was printed', async () => {
    await host.start(
      town.spec('silent', [
        'sh',
        '-c',
        'for n in 1 2 3 4 5 6 7 8; do echo $n; sleep 0.2; done; read -r go; echo on; read -r go',
      ]),
    )
    const started = performance.now()
    await eventually(() => (toldOf('silent').length > 0 ? true : undefined))
    const [first] = toldOf('silent')
    expect(first?.screen.lines.map(({ text }) => text).filter(Boolean)).toEqual([...'12345678'])
    expect((first?.at ?? 0) - started).toBeGreaterThan(2000)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(toldOf('silent')).toHaveLength(1)
    await host.write('silent', 'x\n')
    await eventually(() => (toldOf('silent').length === 2 ? true : undefined))
    await host.stop('silent', 100)
  })

  test('[PTY-24] is told at once when the title changes, and at most once a second however often it does', async () => {
    await host.start(
      town.spec('spinner', [
        'sh',
        '-c',
        "n=0; while [ $n -lt 60 ]; do printf '\\033]0;%s busy\\007' $n; n=$((n+1)); sleep 0.05; done; read -r go",
      ]),
    )
    const started = performance.now()
    await eventually(() => (toldOf('spinner').at(-1)?.screen.title === '59 busy' ? true : undefined))
    const told = toldOf('spinner')
    expect((told[0]?.at ?? 0) - started).toBeLessThan(900)
    expect(told.length).toBeLessThanOrEqual(6)
    await host.stop('spinner', 100)
  })

  test('[PTY-24] of a quiet session is told to nobody who did not ask', async () => {
    const other = await town.connect()
    let events = 0
    other.onEnding(() => events++)
    await host.start(town.spec('unasked', ['sh', '-c', 'echo hi; read -r go']))
    await eventually(() => (toldOf('unasked').length > 0 ? true : undefined))
    expect(events).toBe(0)
    await host.stop('unasked', 100)
  })
})
