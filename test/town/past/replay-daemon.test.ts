// Replay and bisect by a real daemon, and by `gt` while none is up.

import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { requestWithProgress } from '../../../src/client/http.ts'
import { makeTown } from '../../support/town.ts'

const GT = join(import.meta.dirname, '../../../bin/gt')
const run = promisify(execFile)

test('[P1] [P2] a daemon that is killed in mid-replay leaves the town as it was; the next one replays it whole', async () => {
  const town = await makeTown()
  await town.up()
  await town.addRig(['true'])
  const ids: string[] = []
  for (let n = 0; n < 20; n += 1) ids.push(await town.bead(`Bead ${n}`))
  await town.command('bead.close', { bead: ids[7], reason: 'not needed' })
  const before = (await town.get('/v1/beads?limit=100')).body.items

  const { promise, resolve } = Promise.withResolvers<void>()
  const lost = requestWithProgress(
    {
      socketPath: join(town.dir, '.gt/gt.sock'),
      method: 'POST',
      path: '/v1/commands/replay',
      token: town.operatorToken,
      body: {},
    },
    () => resolve(),
  ).catch(() => {})
  // Its thread has begun by then, and mostly it is folding or comparing.
  await Promise.race([promise, sleep(150)])
  await town.kill()
  await lost
  await town.up()
  expect((await town.get('/v1/beads?limit=100')).body.items).toEqual(before)

  const report = await town.command('replay', { verify: true })
  expect(report).toMatchObject({ verified: true, divergenceCount: 0, cachesReplaced: true })
  expect(report.liveDigest).toBe(report.stateDigest)
  expect(existsSync(join(town.dir, '.gt/checkpoint/manifest'))).toBe(true)
  expect(readdirSync(join(town.dir, '.gt')).filter((name) => name.endsWith('.new'))).toEqual([])

  const when = `beads[id="${ids[7]}"].status = "closed"`
  const found = await town.command('bisect', { when })
  expect(found).toMatchObject({ message: 'bead.close', before: false, after: true })
  await town.down()

  const gt = async (...words: string[]) =>
    JSON.parse((await run(GT, [...words, '--json', '--town', town.dir])).stdout)
  expect(await gt('bisect', '--when', when)).toMatchObject({ seq: found.seq, next: `gt why ${found.seq}` })
  expect(await gt('replay', '--verify')).toMatchObject({ verified: true, cachesReplaced: true })
  const into = join(town.temp, 'state')
  expect(await gt('replay', '--to', String(found.seq), '--into', into)).toMatchObject({ to: found.seq })
  const refused = await run(GT, ['replay', '--into', into, '--json', '--town', town.dir]).catch(
    (error) => error,
  )
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'FOLDER_NOT_EMPTY' } })
  const bad = await run(GT, ['bisect', '--when', 'beads[', '--town', town.dir]).catch((error) => error)
  expect(bad.code).toBe(1)
  expect(bad.stderr).toMatch(/^gt: The expression does not fit at character 6/)
  await town.close()
}, 120_000)
