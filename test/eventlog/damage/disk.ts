// A disk that is full, becomes free again, and whose process is then killed; and files that may not grow any more.
//
// Owns:      a small disk of memory, filling it, and judging what is left.

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { OPEN_AGAIN_MS } from '../../../src/system/bounds.ts'
import { seeded } from '../../support/seeded.ts'
import { type Told, toldBy, wrongWith } from './judge.ts'
import { copyFolder, type SoundLog } from './sound-log.ts'

const SIZE = '8m'
/** After the room is back. */
const BACK_MS_MAX = 5_000
/** What a round may take until it is full. */
const FULL_MS_MAX = 20_000

export type SmallDisk = { readonly path: string; remove(): Promise<void> }

/** A disk of 8 MB in memory, or null: then whoever asked does not run, and this says so. */
export async function smallDisk(scratch: string): Promise<SmallDisk | null> {
  const path = join(scratch, 'small-disk')
  await mkdir(path)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', path], {
    stdio: 'ignore',
  })
  if (status === 0)
    return {
      path,
      async remove() {
        spawnSync('umount', [path])
        await rm(path, { recursive: true, force: true })
      },
    }
  console.warn('\nNOT RUN: what happens on a full disk needs the right to mount a small one (root).\n')
  return null
}

export type DiskRound = {
  readonly acks: number
  /** From the room being there to the next acknowledged append. */
  readonly backMs: number
  readonly wrong: string | undefined
}

/** Fills the disk while a process writes, frees it, and kills the process. */
export async function fillAndFree(
  disk: SmallDisk,
  sound: SoundLog,
  scratch: string,
  seed: number,
): Promise<DiskRound> {
  const random = seeded(seed)
  const dir = await copyFolder(sound.dir, join(disk.path, 'log'))
  const filler = join(disk.path, 'filler')
  const writer = new Writer(dir)
  let backMs = Number.POSITIVE_INFINITY
  try {
    if (!(await writer.reaches(1 + Math.floor(random() * 40))))
      return { acks: 0, backMs, wrong: writer.last() }
    fill(filler, Math.floor(random() * 150_000))
    const full = await writer.until((told) => told.troubles.length > 0, FULL_MS_MAX)
    if (!full) return { acks: writer.told.acks.length, backMs, wrong: 'the disk was never full' }
    await new Promise((resolve) => setTimeout(resolve, random() * 1_500))
    const before = writer.told.acks.length
    rmSync(filler)
    const freed = performance.now()
    if (!(await writer.until((told) => told.acks.length > before, BACK_MS_MAX)))
      return { acks: before, backMs, wrong: `it is not back after ${BACK_MS_MAX} ms: ${writer.last()}` }
    backMs = performance.now() - freed
    await writer.reaches(before + 1 + Math.floor(random() * 40))
  } finally {
    await writer.kill()
    rmSync(filler, { force: true })
  }
  const { acks } = writer.told
  return { acks: acks.length, backMs, wrong: await wrongWith(dir, scratch, sound, acks) }
}

/**
 * Lets no file of the log grow beyond `blocks` of 1,024 bytes: a write is then cut short, and the next one fails. The process is
 * killed after `ms`.
 */
export async function writeWithLimit(
  sound: SoundLog,
  scratch: string,
  blocks: number,
  ms: number,
): Promise<DiskRound> {
  const dir = await copyFolder(sound.dir, join(scratch, 'limited'))
  const writer = new Writer(dir, blocks)
  await writer.until((told) => told.troubles.length > 2, ms)
  await writer.kill()
  const { acks, troubles } = writer.told
  const wrong =
    troubles.length === 0
      ? `nothing failed: ${writer.complained}`
      : await wrongWith(dir, scratch, sound, acks)
  return {
    acks: acks.length,
    backMs: 0,
    wrong: writer.complained === '' ? wrong : writer.complained.slice(0, 500),
  }
}

/** All but `free` bytes, about. */
function fill(path: string, free: number): void {
  const file = openSync(path, 'w')
  const block = Buffer.alloc(64 * 1024, 1)
  for (let size = block.length; size >= 1; ) {
    try {
      if (writeSync(file, block, 0, size) < size) size = 0
    } catch {
      size = Math.floor(size / 16)
    }
  }
  ftruncateSync(file, Math.max(0, statSync(path).size - free))
  closeSync(file)
}

class Writer {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  #said = ''
  #wake: () => void = () => {}
  complained = ''

  constructor(dir: string, blocks?: number) {
    const argv = [join(import.meta.dirname, 'writer.ts'), dir, 'n', 'endless', String(OPEN_AGAIN_MS)]
    const [command, ...args] =
      blocks === undefined
        ? [process.execPath, ...argv]
        : ['bash', '-c', `ulimit -f ${blocks} && exec "$@"`, 'bash', process.execPath, ...argv]
    this.#child = spawn(command as string, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
      this.#wake()
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complained += text
    })
    this.#child.once('close', () => this.#wake())
  }

  get told(): Told {
    return toldBy(this.#said)
  }

  last(): string {
    return `${this.told.troubles.at(-1) ?? ''} ${this.complained}`.slice(0, 500)
  }

  reaches(acks: number): Promise<boolean> {
    return this.until((told) => told.acks.length >= acks, FULL_MS_MAX)
  }

  async until(reached: (told: Told) => boolean, ms: number): Promise<boolean> {
    const end = performance.now() + ms
    while (!reached(this.told)) {
      const left = end - performance.now()
      if (left <= 0 || this.#child.exitCode !== null) return false
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      const timer = setTimeout(resolve, left)
      await promise
      clearTimeout(timer)
    }
    return true
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'close')
  }
}
