// The disk that a bench wrote to: what it is called, and how long it takes to keep a few bytes.

import { closeSync, fdatasyncSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { median } from './stats.ts'

/** File systems that keep nothing on a disk. */
const IN_MEMORY: ReadonlySet<string> = new Set(['tmpfs', 'ramfs'])

/** `ext4 on /dev/vda`; what the system does not tell is `unknown`. Throws for a file system in memory. */
export function fileSystemOf(folder: string): string {
  const mounts = mountsOf()
  const place = resolve(folder)
  const found = mounts
    .filter(({ at }) => place === at || place.startsWith(at === '/' ? '/' : `${at}/`))
    .sort((a, b) => b.at.length - a.at.length)[0]
  if (found === undefined) return 'unknown'
  if (IN_MEMORY.has(found.kind))
    throw new Error(`${folder} lies in memory (${found.kind}); set TMPDIR to a disk.`)
  return `${found.kind} on ${found.device}`
}

type Mount = { readonly device: string; readonly at: string; readonly kind: string }

function mountsOf(): Mount[] {
  let text: string
  try {
    text = readFileSync('/proc/self/mounts', 'utf8')
  } catch {
    return []
  }
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter((parts) => parts.length > 2)
    .map(([device = '', at = '', kind = '']) => ({ device, at, kind }))
}

/** Median ms of appending a KB to a file and waiting until it is on the disk. */
export function syncMs(folder: string, runs = 200): number {
  const file = join(folder, 'sync')
  const fd = openSync(file, 'w')
  const bytes = Buffer.alloc(1_024, 'x')
  const took: number[] = []
  for (let n = 0; n < runs; n += 1) {
    const begun = performance.now()
    writeSync(fd, bytes)
    fdatasyncSync(fd)
    took.push(performance.now() - begun)
  }
  closeSync(fd)
  unlinkSync(file)
  return median(took)
}

/** What a reader of a figure must know of the machine. */
export const circumstances = (folder: string): string =>
  `${fileSystemOf(folder)}, fdatasync ${syncMs(folder).toFixed(2)} ms, load ${(loadavg()[0] ?? 0).toFixed(1)}`
