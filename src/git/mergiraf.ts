// Settles a conflict with mergiraf, which knows the syntax of many languages, where it is installed.
//
// Does not:  bring it along, or look for it anywhere but on the PATH of the worker.
// Always:    it sees files with names of ours in a folder that goes again, an environment of our own, and a bound in time.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { runCommand } from './commands.ts'
import { type Conflict, contentOf, isMarked, type Settled } from './conflicts.ts'
import type { Layout } from './layout.ts'

const PROGRAM = 'mergiraf'
const VERSION_MS_MAX = 10_000
const MERGE_MS_MAX = 30_000
const VERSION_MAX = 100

/** Null where it is not installed, and unless it settles all of it. */
export async function byMergiraf(layout: Layout, { files }: Conflict): Promise<Settled | null> {
  const dir = await mkdtemp(join(tmpdir(), 'gt-mergiraf-'))
  try {
    const env = { PATH: process.env.PATH ?? '', HOME: dir, TMPDIR: dir, LC_ALL: 'C' }
    const asked = await runCommand({
      command: [PROGRAM, '--version'],
      cwd: dir,
      env,
      timeoutMs: VERSION_MS_MAX,
    })
    if (asked.outcome !== 'passed') return null
    const tool = (asked.logTail.trim().split('\n')[0] ?? '').slice(0, VERSION_MAX)
    const settled: Buffer[] = []
    for (const { path, base, ours, theirs } of files) {
      // Its language is told by the end of its name.
      const ending = /^\.[A-Za-z0-9]{1,20}$/.exec(extname(path))?.[0] ?? ''
      const names = ['base', 'left', 'right'].map((side) => join(dir, `${side}${ending}`))
      const out = join(dir, `out${ending}`)
      const contents = await Promise.all(
        [base, ours, theirs].map((id) => (id === null ? Buffer.alloc(0) : contentOf(layout, id))),
      )
      if (contents.includes(null)) return null
      await Promise.all(contents.map((content, n) => writeFile(names[n] as string, content as Buffer)))
      await rm(out, { force: true })
      const command = [PROGRAM, 'merge', `--path-name=file${ending}`, `--output=${out}`, ...names]
      const ran = await runCommand({ command, cwd: dir, env, timeoutMs: MERGE_MS_MAX })
      const content = ran.outcome === 'passed' ? await readFile(out).catch(() => null) : null
      if (content === null || isMarked(content)) return null
      settled.push(content)
    }
    return { files: settled, ...(tool !== '' && { tool }) }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
