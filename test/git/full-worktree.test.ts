// A worktree on a disk that is really full, or may not be written to.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { RepositoryError } from '../../src/ports/repositories.ts'
import { town as makeTown, RIG, type Town } from './town.ts'

/** A small disk in memory for the worktrees alone; null where nobody may mount one. */
function smallDisk(town: Town): { readonly path: string; remount(how: 'ro' | 'rw'): void } | null {
  const path = join(town.dir, 'rigs', RIG, 'polecats')
  mkdirSync(path, { recursive: true })
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' })
  if (status !== 0) {
    console.warn(
      '\nNOT RUN: worktrees on a full or read-only disk need the right to mount a small one (root).\n',
    )
    return null
  }
  onTestFinished(() => void spawnSync('umount', ['-l', path]))
  return { path, remount: (how) => void spawnSync('mount', ['-o', `remount,${how}`, path]) }
}

const failed = (doing: Promise<unknown>): Promise<RepositoryError> =>
  doing.then(
    () => expect.fail('it was done'),
    (error: RepositoryError) => error,
  )

test('[GIT-42] [P5] a worktree that finds no room is refused as DISK_FULL, nothing of it is left, and it is made when there is room', async () => {
  const town = await makeTown()
  const disk = smallDisk(town)
  if (disk === null) return
  const filler = join(disk.path, 'filler')
  expect(() => writeFileSync(filler, Buffer.alloc(2_000_000))).toThrow(/ENOSPC/)
  const error = await failed(town.add('nux'))
  expect(error).toMatchObject({ code: 'DISK_FULL' })
  expect(existsSync(join(town.worktree('nux'), '.git'))).toBe(false)
  rmSync(filler)
  const made = await town.add('nux')
  expect(readFileSync(join(made.path, 'src/b.txt'), 'utf8')).toBe('b\n')
})

test('[GIT-42] [P5] a worktree on a disk that may not be written to is refused with its name, and is made when it may', async () => {
  const town = await makeTown()
  const disk = smallDisk(town)
  if (disk === null) return
  disk.remount('ro')
  const error = await failed(town.add('nux'))
  expect(error.message).toMatch(/read-only/i)
  disk.remount('rw')
  expect((await town.add('nux')).path).toBe(town.worktree('nux'))
})
