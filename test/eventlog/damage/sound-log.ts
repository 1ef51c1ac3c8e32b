// A small log in which everything occurs: sealed runs, entries in tables that are not sealed, and entries in LevelDB's own log.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, type Entry, exportLines, type Head, openLog } from '../../../eventlog/index.ts'

export type SoundLog = {
  readonly dir: string
  readonly logId: string
  readonly head: Head
  readonly lines: readonly string[]
  /** Of its appends. */
  readonly ids: readonly string[]
}

/** `sealed` and `archived` are multiples of 512. A fifth of the rest is one commit each in a table, and another fifth in LevelDB's own log. */
export async function makeSoundLog(dir: string, sealed = 1024, tail = 160, archived = 0): Promise<SoundLog> {
  const log = await createLog(dir, { autoSeal: false })
  const ids: string[] = []
  const idOf = (id: string): { id: string } => {
    ids.push(id)
    return { id }
  }
  for (let first = 1; first <= sealed; first += 64)
    await log.append(
      Array.from({ length: 64 }, (_, n) => entryOf(first + n)),
      idOf(`many-${first}`),
    )
  await log.compact()
  if (archived > 0) await log.archive(archived)
  await log.close()
  const step = Math.ceil(tail / 5)
  for (const part of [0, 1]) {
    const again = await openLog(dir, { autoSeal: false })
    for (let n = 1; n <= step; n += 1) {
      const seq = again.head.seq + 1
      const entries = n === step ? step * (1.5 + part / 2) : 1
      await again.append(
        Array.from({ length: Math.floor(entries) }, (_, k) => entryOf(seq + k)),
        idOf(`one-${seq}`),
      )
    }
    await again.close()
  }
  const last = await openLog(await copyFolder(dir, `${dir}-read`), { autoSeal: false })
  const lines: string[] = []
  for await (const line of exportLines(last)) lines.push(line)
  const { logId, head } = last
  await last.close()
  await rm(`${dir}-read`, { recursive: true })
  return { dir, logId, head, lines, ids }
}

export const entryOf = (n: number): Entry => ({
  type: n % 3 === 0 ? 'bead.create' : 'session.said',
  n,
  text: `entry ${n} ${'x'.repeat((n * 37) % 90)}`,
})

/** A folder of memory where there is one: what is damaged here need not survive anything. */
export async function scratchFolder(): Promise<string> {
  return await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gt-damage-'))
}

/** A closed log. */
export async function copyFolder(from: string, to: string): Promise<string> {
  await rm(to, { recursive: true, force: true })
  await cp(from, to, { recursive: true })
  return to
}

/** A digest of each file, without what LevelDB writes about itself. */
export async function contentsOf(dir: string): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {}
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /^LO(G|CK)/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(dir.length + 1)] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  }
  return files
}
