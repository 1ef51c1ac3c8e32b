import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connectHost } from '../../src/pty/host-client.ts'
import { PROTOCOL } from '../../src/pty/protocol.ts'
import { isAlive } from '../support/processes-left.ts'
import { COMMIT, GT, makeTown, type TestTown, untilFile } from '../support/town.ts'

const ROOT = join(import.meta.dirname, '../..')
/**
 * The sources of the host as they were when each protocol was the newest; never changed afterwards. Whoever raises
 * `PROTOCOL` puts there what `src/pty/host.ts` loaded until then.
 */
const HOSTS = join(import.meta.dirname, '../data/hosts')

/** Starts an old host for a town that is down; the packages that it needs are those of today. */
async function startHost(town: TestTown, archive: string): Promise<number> {
  const folder = join(town.temp, 'old-host')
  mkdirSync(folder)
  execFileSync('tar', ['-xzf', join(HOSTS, archive), '-C', folder])
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const child = spawn(process.execPath, [join(folder, 'src/pty/host.ts'), town.dir], {
    cwd: town.dir,
    detached: true,
    stdio: 'ignore',
  })
  child.unref()
  await town.until('the old host answers', () => existsSync(join(town.dir, '.gt/host.sock')))
  return child.pid ?? 0
}

test('there is a host of each protocol before this one', () => {
  const older = Array.from({ length: PROTOCOL - 1 }, (_, n) => `protocol-${n + 1}.tar.gz`)
  expect(readdirSync(HOSTS).sort()).toEqual(older)
})

describe.each(readdirSync(HOSTS))('%s', (archive) => {
  test('[TOWNUP-24] keeps its agents under the daemon of today: they are started, shown, told apart, adopted, landed and ended', async () => {
    const town = await makeTown()
    const host = await startHost(town, archive)
    const go = join(town.temp, 'go')
    await town.up()
    expect(town.hostPid()).toBe(host)
    const client = await connectHost(town.dir)
    expect(client.host.protocol).toBe(Number(/\d+/.exec(basename(archive))?.[0]))
    await town.agent('worker', `echo "at work on $GT_BEAD"; ${COMMIT}; ${untilFile(go)}; ${GT} done\n`)
    await town.agent('fails', 'echo "cannot go on"; exit 3\n')
    await town.agent('stays', `trap '' HUP TERM; while :; do sleep 1; done\n`)
    await town.addRig(['true'])
    const [lands, fails, stays] = [
      await town.bead('Lands'),
      await town.bead('Fails'),
      await town.bead('Stays'),
    ]
    await town.sling([lands], 'worker')
    await town.sling([fails], 'fails')
    await town.sling([stays], 'stays')
    const started = await town.fact('it starts', 'SessionStarted', { bead: lands })
    expect(await town.fact('it ends', 'SessionEnded', { bead: fails })).toMatchObject({
      ending: { kind: 'exited', exitCode: 3 },
    })
    await town.fact('the other starts', 'SessionStarted', { bead: stays })
    const session = String(started.session)

    await town.kill()
    await town.up()
    expect(town.hostPid()).toBe(host)
    expect(isAlive(Number(started.pid))).toBe(true)
    expect(await client.peek(session, 50)).toContain(`at work on ${lands}`)
    writeFileSync(go, '')
    await town.fact('it lands', 'PolecatReleased', { bead: lands, outcome: 'landed' })
    expect(town.facts('AttemptBegun').filter(({ bead }) => bead === lands)).toHaveLength(1)
    client.close()
    // What it cannot do is no trouble of the town.
    expect((await town.get('/v1/health')).body.troubles).toEqual([])
    await town.down()
    await town.checkLog()

    await town.up()
    expect(town.hostPid(), 'gt down and gt up take the host of today').not.toBe(host)
    await town.down()
    await town.close()
  }, 60_000)
})
