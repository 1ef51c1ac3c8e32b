// A disk that is really full under the folder in which gates run.

import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Repository, RIG } from './repository.ts'
import { Run } from './sequence.ts'
import { QueueTown } from './town.ts'

/** In memory, for the Refinery's checkout alone; false where nobody may mount one. */
function mountSmall(path: string): boolean {
  mkdirSync(path, { recursive: true })
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path], { stdio: 'ignore' })
  if (mounted.status === 0) return true
  console.warn('\nNOT RUN: what gates do on a full disk needs the right to mount a small one (root).\n')
  return false
}

test('[GIT-42] [REFINERY-10] [P8] on a full disk nothing lands and nobody is blamed; it goes on when there is room', async () => {
  const repository = await Repository.make()
  const town = new QueueTown(repository)
  const tree = join(repository.dir, 'rigs', RIG, 'refinery/tree')
  const isMounted = mountSmall(tree)
  try {
    if (!isMounted) return
    await town.install({})
    const run = new Run(repository, town)
    // What a package manager fetched stays from one run to the next.
    const filler = join(tree, 'node_modules/filler')
    mkdirSync(join(tree, 'node_modules'))
    expect(() => writeFileSync(filler, Buffer.alloc(8_000_000))).toThrow(/ENOSPC/)
    expect(statfsSync(tree).bavail).toBe(0)
    await run.does({ does: 'submit', kind: 'good', file: 0, forced: false })
    const head = repository.head
    for (let tries = 0; tries < 3; tries += 1) {
      while (await town.step());
      expect(town.facts('LandingWaits').at(-1)).toMatchObject({ code: 'DISK_FULL' })
      await town.pass(30_000)
    }
    while (await town.step());
    expect(repository.head).toBe(head)
    expect(town.facts('MergeFailed')).toEqual([])
    // A gate that finds room for its files, and none for its own, says nothing of the work either.
    rmSync(filler)
    writeFileSync(filler, Buffer.alloc(3_900_000))
    repository.flaky(1)
    await town.pass(600_000)
    while (await town.step());
    expect(town.facts('MergeFailed')).toEqual([])
    expect(town.facts('LandingWaits').at(-1)).toMatchObject({ code: 'DISK_FULL' })
    rmSync(filler)
    await run.comeToRest()
    run.model.checkEnd()
    expect(run.model.landings).toHaveLength(1)
  } finally {
    await town.close()
    if (isMounted) spawnSync('umount', [tree])
    repository.remove()
  }
}, 60_000)
