// A fork of a town of a test, and a look at everything in a folder.

import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { openLog } from '../../eventlog/index.ts'
import type { AnyFact, LogRecord } from '../../src/events/record.ts'
import { makeFork } from '../../src/town/fork/index.ts'
import { readIdentity } from '../../src/town/identity.ts'
import { bringUp } from '../../src/town/up.ts'
import { gone } from './town.ts'
import { ask, type Reply, type Watch, watchRecords } from './town-http.ts'

/** Makes a fork of the town in `dir`, which is up or not, from the lines that it hands out or has. */
export async function forkOf(
  town: { readonly dir: string; get?(path: string): Promise<Reply> },
  to: string,
  seq: number,
) {
  const { townId, name } = readIdentity(town.dir)
  const lines = await linesOf(town, seq)
  const at = (JSON.parse(lines.at(-1) ?? '{}') as LogRecord).at
  const source = {
    dir: town.dir,
    townId,
    name,
    seq,
    at,
    bytes: lines.join().length,
    async *lines() {
      yield lines
    },
  }
  return makeFork(source, { dir: to, name: null })
}

async function linesOf(
  { dir, get }: { readonly dir: string; get?(path: string): Promise<Reply> },
  to: number,
): Promise<string[]> {
  const lines: string[] = []
  if (get === undefined) {
    const log = await openLog(join(dir, '.gt/log'))
    for await (const { line } of log.read({ to })) lines.push(line)
    await log.close()
    return lines
  }
  while (lines.length < to) {
    const limit = Math.min(2_000, to - lines.length)
    const { body } = await get(`/v1/log/lines?after=${lines.length}&limit=${limit}&at=${to}`)
    lines.push(...(body.lines as string[]))
  }
  return lines
}

/** A town that is there already, brought up. */
export async function upAt(dir: string) {
  const { pid } = await bringUp(dir)
  const socket = join(dir, '.gt/gt.sock')
  const token = readFileSync(join(dir, '.gt/operator.token'), 'utf8').trim()
  const watch: Watch = watchRecords(socket, token)
  let count = 0
  const command = async (name: string, input: object = {}) => {
    const reply = await ask(socket, token, 'POST', `/v1/commands/${name}`, {
      ...input,
      id: `fork-${process.pid}-${++count}-${name}`,
    })
    if (reply.status >= 300) throw new Error(`${name}: ${JSON.stringify(reply.body)}`)
    return reply.body
  }
  return {
    dir,
    pid,
    watch,
    command,
    get: (path: string, as = token) => ask(socket, as, 'GET', path),
    fact: (what: string, type: string, more: Readonly<Record<string, unknown>> = {}) =>
      watch.until(what, ({ facts, seq }) => {
        const found = facts.find(
          (fact: AnyFact) =>
            fact.type === type && Object.entries(more).every(([key, value]) => fact[key] === value),
        )
        return found === undefined ? null : { ...found, seq }
      }),
    async down() {
      await command('down')
      await gone(pid)
      watch.close()
    },
  }
}

/** Every file below a folder with a digest of what is in it. `leftOut`: parts of paths. */
export function everythingIn(dir: string, leftOut: readonly string[] = []): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => !leftOut.some((part) => path.includes(part)))
    .sort()
    .map((path) => {
      const full = join(dir, path)
      const found = lstatSync(full)
      if (found.isSymbolicLink()) return `${path} -> ${readlinkSync(full)}`
      if (!found.isFile()) return path
      return `${path} ${createHash('sha256').update(readFileSync(full)).digest('hex')}`
    })
}
