// Conversations that outlive what they ran in. The agent takes Claude Code's arguments and keeps conversations as it does.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeTown, type TestTown } from '../support/town.ts'

const CLAUDE = join(import.meta.dirname, '../fixtures/agents/fake-claude.mjs')

type Start = {
  readonly bead: string
  readonly actor: string
  readonly session: string
  readonly cwd: string
  readonly id: string
  readonly resumed: string | null
  /** Sessions that the conversation had before. */
  readonly said: readonly string[]
}

async function atWork(
  count: number,
): Promise<{ town: TestTown; beads: string[]; up(): Promise<number>; starts(): Start[]; goOn(): void }> {
  const town = await makeTown()
  const [folder, home] = [join(town.temp, 'fake'), join(town.temp, 'person')]
  mkdirSync(folder)
  mkdirSync(home)
  writeFileSync(join(home, '.claude.json'), '{"hasCompletedOnboarding":true}')
  // What it logs in with comes from whoever brings the town up, each time.
  const up = () => town.up({ HOME: home, ANTHROPIC_API_KEY: 'sk-ant-test-000' })
  await up()
  await town.command('config.set', {
    key: 'agents.claude.command',
    value: [process.execPath, CLAUDE, folder],
  })
  await town.addRig(['true'], { 'limits.polecats': count })
  const beads = await Promise.all(Array.from({ length: count }, (_, n) => town.bead(`Converse ${n}`)))
  await town.sling(beads, 'claude')
  const lines = (name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trimEnd().split('\n') : []
  await town.until('all converse', () => lines('at-work').length === count)
  return {
    town,
    beads,
    up,
    starts: () => lines('starts').map((line) => JSON.parse(line) as Start),
    goOn: () => writeFileSync(join(folder, 'go'), ''),
  }
}

/** Each bead has two starts: the second goes on with the conversation of the first, as the same worker, at its place. */
function expectResumed(beads: readonly string[], starts: readonly Start[]): void {
  for (const bead of beads) {
    const [first, second, ...more] = starts.filter((start) => start.bead === bead)
    expect(more).toEqual([])
    expect(first).toMatchObject({ resumed: null, said: [] })
    expect(second).toMatchObject({ resumed: first?.id, id: first?.id, actor: first?.actor, cwd: first?.cwd })
    expect(second?.session).not.toBe(first?.session)
    expect(second?.said, 'the conversation of before').toEqual([first?.session])
  }
}

async function land(town: TestTown, beads: readonly string[], starts: readonly Start[]): Promise<void> {
  for (const bead of beads) {
    await town.fact(`${bead} lands`, 'PolecatReleased', { bead, outcome: 'landed' })
    const sessions = starts.filter((start) => start.bead === bead).map(({ session }) => session)
    // Also what was not committed when it ended.
    expect(town.git('show', `main:${bead}.txt`).split('\n')).toEqual(sessions)
  }
  await town.down()
  await town.checkLog()
  await town.close()
}

test('[TOWNUP-27] [P5] after kill -9 of the host each conversation is resumed by its id, in a new terminal, as the same worker in the same worktree', async () => {
  const { town, beads, starts, goOn } = await atWork(3)
  process.kill(town.hostPid(), 'SIGKILL')
  await town.until('all began again', () => starts().length === 6)
  goOn()
  expectResumed(beads, starts())
  await land(town, beads, starts())
}, 90_000)

test('[TOWNUP-27] [P5] after kill -9 of host and daemon at once the next gt up resumes each conversation', async () => {
  const { town, beads, up, starts, goOn } = await atWork(2)
  process.kill(town.hostPid(), 'SIGKILL')
  await town.kill()
  await up()
  await town.until('all began again', () => starts().length === 4)
  goOn()
  expectResumed(beads, starts())
  await land(town, beads, starts())
}, 90_000)

test('[TOWNUP-27] [P5] after gt down the next gt up resumes each conversation', async () => {
  const { town, beads, up, starts, goOn } = await atWork(2)
  await town.down()
  await up()
  await town.until('all began again', () => starts().length === 4)
  goOn()
  expectResumed(beads, starts())
  await land(town, beads, starts())
}, 90_000)

test('[TOWNUP-27] a conversation goes on under a daemon that is killed, and is not begun again', async () => {
  const { town, beads, up, starts, goOn } = await atWork(2)
  await town.kill()
  await up()
  goOn()
  for (const bead of beads) await town.fact(`${bead} lands`, 'PolecatReleased', { bead, outcome: 'landed' })
  expect(starts()).toHaveLength(2)
  await town.down()
  await town.close()
}, 90_000)
