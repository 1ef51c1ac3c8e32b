// Kills the daemon of a real town again and again while three agents work, and says what must hold afterwards.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { LogRecord } from '../../src/events/record.ts'
import { isAlive } from './processes-left.ts'
import { seeded } from './seeded.ts'
import { GT, makeTown, type TestTown } from './town.ts'

/** Effects that make the worker run git. */
const GIT = new Set([
  'worktree.add',
  'worktree.checkpoint',
  'worktree.remove',
  'worktree.verify',
  'merge.build',
  'target.push',
])

/** How an instant is chosen: after any record, after one that asks for git, while a command is under way, or blindly. */
const KINDS = ['append', 'git', 'command', 'blind'] as const
type Kind = (typeof KINDS)[number]

/** Works in steps, each a commit and a note, and is not done before the daemon was killed often enough. */
const AGENT = `
step=0
while [ "$(cat "$GT_TOWN/../kills/now")" -lt "$(cat "$GT_TOWN/../kills/$GT_BEAD")" ]; do
  step=$((step + 1))
  echo "$step" >> "$GT_BEAD.txt"
  git add -A && git commit -qm "Step $step of $GT_BEAD" || exit 9
  sleep 0.2
done
echo "end" >> "$GT_BEAD.txt"
git add -A && git commit -qm "End of $GT_BEAD" || exit 9
exec ${GT} done
`

export type Kills = { readonly seed: number; readonly kills: number; readonly beads: number }

export async function killTown({ seed, kills, beads: count }: Kills): Promise<void> {
  const random = seeded(seed)
  const town = await makeTown()
  const acknowledged = new Map<number, string>()
  const say = async (bead: string, text: string): Promise<void> => {
    const { seq } = await town.command('bead.comment', { bead, text }, { id: `say-${text}` })
    acknowledged.set(Number(seq), text)
  }
  await town.up()
  await town.agent('stepper', AGENT)
  await town.addRig(['sh', '-c', 'sleep 0.1'])
  const folder = join(town.temp, 'kills')
  mkdirSync(folder)
  writeFileSync(join(folder, 'now'), '0')
  const beads: string[] = []
  for (let n = 0; n < count; n += 1) {
    const bead = await town.bead(`Bead ${n}`)
    // Three work until the end, the others are done one after another: each landing lies between kills.
    const until = Math.min(kills, Math.ceil(((n + 1) * kills) / (count - 2)))
    writeFileSync(join(folder, bead), String(until))
    beads.push(bead)
  }
  await town.sling(beads, 'stepper')
  for (const bead of beads.slice(0, 3)) await town.fact(`${bead} is worked on`, 'SessionStarted', { bead })

  const pids = new Map<string, number>()
  for (let n = 1; n <= kills; n += 1) {
    const kind = KINDS[n % KINDS.length] as Kind
    const pending: Promise<void>[] = []
    await untilInstant(town, kind, random, () => {
      pending.push(say(beads[n % count] as string, `during-${n}`))
    })
    for (const { session, pid } of town.facts('SessionStarted')) pids.set(String(session), Number(pid))
    await town.kill()
    const ended = new Set(town.facts('SessionEnded').map(({ session }) => String(session)))
    const alive = new Set([...pids.keys()].filter((session) => isAlive(pids.get(session) ?? 0)))
    await town.up()
    await Promise.all(pending)
    writeFileSync(join(folder, 'now'), String(n))
    await say(beads[n % count] as string, `after-${n}`)
    for (const session of pids.keys())
      expect(
        alive.has(session) || ended.has(session) || isDone(town, session),
        `${session} after kill ${n}`,
      ).toBe(true)
  }
  for (const bead of beads) {
    await town.fact(`${bead} lands`, 'BeadClosed', { bead })
    await town.fact(`${bead} leaves its worker`, 'PolecatReleased', { bead })
  }
  await nothingLost(town, beads, acknowledged, kills)
  await town.down()
  await town.checkLog()
  await town.close()
}

const isDone = (town: TestTown, session: string): boolean =>
  town.facts('AgentDone').some((fact) => fact.session === session)

/** Waits until it is time to kill. Half of the kinds lie within 50 ms of an append or a git call. */
async function untilInstant(
  town: TestTown,
  kind: Kind,
  random: () => number,
  say: () => void,
): Promise<void> {
  const after = town.watch.records.length
  const next = (wanted: (record: LogRecord) => boolean): Promise<void> =>
    new Promise((resolve) => {
      // Nothing may happen for a while, for instance while all three agents only commit.
      const timer = setTimeout(end, 700)
      const unlisten = town.watch.onRecord((record) => {
        if (record.seq > after && wanted(record)) end()
      })
      function end(): void {
        clearTimeout(timer)
        unlisten()
        resolve()
      }
    })
  switch (kind) {
    case 'append':
      await next(() => true)
      return sleep(random() * 50)
    case 'git':
      await next(({ effects }) => effects.some((effect) => GIT.has(effect.kind)))
      return sleep(random() * 50)
    case 'command':
      // Answered after the next start at the latest: it is repeated with its id.
      say()
      return sleep(random() * 20)
    case 'blind':
      return sleep(random() * 500)
  }
}

async function nothingLost(
  town: TestTown,
  beads: readonly string[],
  acknowledged: ReadonlyMap<number, string>,
  kills: number,
): Promise<void> {
  await town.settled()
  const { records } = town.watch
  for (const [seq, text] of acknowledged)
    expect(records[seq - 1]?.message, `the record ${seq} that was answered`).toMatchObject({ text })
  const said = records
    .filter(({ message }) => message.type === 'bead.comment')
    .map(({ message }) => message.text)
  expect(said.length, 'each comment once').toBe(new Set(said).size)
  expect(said.length).toBe(acknowledged.size)
  expect(records.filter(({ message }) => message.type === 'town.start')).toHaveLength(kills + 1)

  const landed = town.landed()
  expect(landed.map(({ bead }) => bead).sort(), 'each bead landed once').toEqual([...beads].sort())
  const receipts = town.facts('MergeLanded')
  expect(receipts).toHaveLength(beads.length)
  for (const { bead, commit } of landed) {
    expect(receipts.find((receipt) => receipt.bead === bead)?.receipt, `receipt of ${bead}`).toMatchObject({
      commit,
    })
    for (const type of ['BeadClosed', 'AgentDone', 'SessionStarted', 'SessionEnded', 'WorktreeRemoved'])
      expect(once(town, type, bead), `${type} of ${bead}`).toBe(1)
  }
}

function once(town: TestTown, type: string, bead: string): number {
  const sandboxes = town.facts('SandboxOpened').filter((fact) => fact.bead === bead)
  return town
    .facts(type)
    .filter((fact) => fact.bead === bead || sandboxes.some(({ sandbox }) => sandbox === fact.sandbox)).length
}
