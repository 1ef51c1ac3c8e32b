import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { describe, expect, test } from 'vitest'
import { survivors } from '../../src/pty/processes.ts'
import { COMMIT, type FactOf, GT, makeTown, nothingLeft, type TestTown, untilFile } from '../support/town.ts'

/** From the reason of an end until nothing of the session is left. */
const STOPPED_MS_MAX = 10_000

/** Children of every kind that outlives a terminal; `sleep 7…` so that they can be counted. */
const CHILDREN = [
  `(trap '' HUP; exec sleep 701) &`,
  `(trap '' HUP TERM INT; while :; do sleep 702; done) &`,
  'nohup sleep 703 > /dev/null 2>&1 &',
  'setsid sleep 704 &',
  `setsid sh -c 'trap "" HUP TERM; sleep 705 & while :; do sleep 706; done' &`,
  `(setsid sh -c 'nohup sleep 707 >&- 2>&- & exit 0' &)`,
  // Disowned by a shell that is gone, and forked twice with a session in between.
  `bash -c 'sleep 709 & disown; sleep 710 & disown -h; exit 0'`,
  `perl -MPOSIX -e 'fork and exit; POSIX::setsid(); fork and exit; $SIG{$_} = "IGNORE" for qw(HUP TERM INT); exec "sleep", "711"'`,
].join('\n')

/** `end` is what its program does when it is told to go on. */
async function atWork(end: string): Promise<{
  town: TestTown
  bead: string
  session: string
  goOn(): void
}> {
  const town = await makeTown()
  const [ready, go] = [join(town.temp, 'ready'), join(town.temp, 'go')]
  mkdirSync(ready)
  await town.up()
  await town.agent(
    'parent',
    `trap '' HUP TERM\n${CHILDREN}\n${COMMIT}; touch "${ready}/$GT_BEAD"; ${untilFile(go)}\n${end}\n`,
  )
  await town.addRig(['true'])
  const bead = await town.bead('Leaves processes behind')
  await town.sling([bead], 'parent')
  const { session } = await town.fact('it starts', 'SessionStarted', { bead })
  await town.until('it is at work', () => existsSync(join(ready, bead)))
  await town.until('all its children run', () => survivors(town.id, String(session)).length >= 12)
  return { town, bead, session: String(session), goOn: () => writeFileSync(go, '') }
}

/** Waits for the record of the end; what is alive in that moment would be alive beside the next session. */
async function ended(town: TestTown, session: string, since: number): Promise<FactOf> {
  const fact = await town.fact('it ends', 'SessionEnded', { session })
  expect(survivors(town.id, session)).toEqual([])
  expect(performance.now() - since).toBeLessThan(STOPPED_MS_MAX)
  return fact
}

async function close(town: TestTown): Promise<void> {
  await town.down()
  await town.checkLog()
  await town.close()
}

const STAYS = 'while :; do sleep 708; done'

describe('[TOWNUP-26] [PTY-10] of a session nothing survives: nohup, setsid, disown, forked twice, signals ignored,', () => {
  test('when it says gt done and ends', async () => {
    const { town, bead, session, goOn } = await atWork(`git add -A; git commit -qm All; ${GT} done`)
    goOn()
    const since = performance.now()
    expect(await ended(town, session, since)).toMatchObject({ done: true })
    await town.fact('it lands', 'PolecatReleased', { bead, outcome: 'landed' })
    await close(town)
  }, 60_000)

  test('when it says gt done and stays', async () => {
    const { town, bead, session, goOn } = await atWork(`git add -A; git commit -qm All; ${GT} done; ${STAYS}`)
    goOn()
    await town.fact('it is done', 'AgentDone', { bead })
    const since = performance.now()
    expect(await ended(town, session, since)).toMatchObject({ done: true })
    await town.fact('it lands', 'PolecatReleased', { bead, outcome: 'landed' })
    await close(town)
  }, 60_000)

  test('when its program ends without a word, before its work is begun again', async () => {
    const { town, bead, session, goOn } = await atWork('exit 7')
    goOn()
    const since = performance.now()
    const { seq } = await ended(town, session, since)
    const again = await town.fact('it begins again', 'AttemptBegun', { bead, attempt: 2 })
    expect(again.seq).toBeGreaterThan(seq)
    await close(town)
  }, 60_000)

  test('when its program is killed', async () => {
    const { town, session } = await atWork(STAYS)
    const since = performance.now()
    const { pid } = await town.fact('it started', 'SessionStarted', { session })
    process.kill(Number(pid), 'SIGKILL')
    expect(await ended(town, session, since)).toMatchObject({ ending: { kind: 'killed', signal: 'SIGKILL' } })
    await close(town)
  }, 60_000)

  test('when the town goes down', async () => {
    const { town, session } = await atWork(STAYS)
    const since = performance.now()
    await town.down()
    expect(survivors(town.id, session)).toEqual([])
    expect(performance.now() - since).toBeLessThan(STOPPED_MS_MAX)
    await nothingLeft(town)
    await town.checkLog()
    await town.close()
  }, 60_000)

  test('when everybody is stopped', async () => {
    const { town, session } = await atWork(STAYS)
    const since = performance.now()
    await town.command('estop', { reason: 'a test' })
    await ended(town, session, since)
    await close(town)
  }, 60_000)

  test('when its host is killed', async () => {
    const { town, bead, session } = await atWork(STAYS)
    const since = performance.now()
    process.kill(town.hostPid(), 'SIGKILL')
    const { seq } = await ended(town, session, since)
    const again = await town.fact('it begins again', 'AttemptBegun', { bead, attempt: 2 })
    expect(again.seq).toBeGreaterThan(seq)
    await close(town)
  }, 60_000)

  test('when host and daemon are killed at once', async () => {
    const { town, session } = await atWork(STAYS)
    process.kill(town.hostPid(), 'SIGKILL')
    await town.kill()
    const since = performance.now()
    await town.up()
    expect(await ended(town, session, since)).toMatchObject({ ending: { kind: 'lost' } })
    await close(town)
  }, 60_000)
})
