// Whether a log that went through something still holds what its writer was told, and nothing twice.

import { join } from 'node:path'
import { exportLines, openLog, verifyLog } from '../../../eventlog/index.ts'
import { copyFolder, type SoundLog } from './sound-log.ts'

/** What writer.ts says of an append. */
export type Ack = { readonly id: string; readonly first: number; readonly last: number }

export type Told = {
  readonly acks: readonly Ack[]
  readonly troubles: readonly string[]
  /** It came to its end. */
  readonly ended: boolean
}

export function toldBy(output: string): Told {
  const lines = output.split('\n')
  // What was cut off was not said.
  lines.pop()
  return {
    acks: lines.flatMap((line) => {
      const [word, id = '', first, last] = line.split(' ')
      return word === 'ack' ? [{ id, first: Number(first), last: Number(last) }] : []
    }),
    troubles: lines.filter((line) => line.startsWith('trouble ')),
    ended: lines.includes('end'),
  }
}

/** What is wrong with the log in `dir`, which nobody has open; undefined: nothing. `before` is how it was at first. */
export async function wrongWith(
  dir: string,
  scratch: string,
  before: SoundLog,
  acks: readonly Ack[],
): Promise<string | undefined> {
  const verified = await verifyLog(dir)
  if (!verified.ok) return `verification says: ${verified.problems[0]?.message}`
  try {
    const log = await openLog(await copyFolder(dir, join(scratch, 'judged')), { autoSeal: false })
    try {
      const lines: string[] = []
      for await (const line of exportLines(log)) lines.push(line)
      const wrong = wrongLines(lines, before, acks)
      if (wrong !== undefined) return wrong
      for (const { id, first } of acks)
        if ((await log.find(id))?.first !== first) return `the append ${id} is not found where it was written`
      const { first } = await log.append([{ text: 'and on' }], { id: 'and-on' })
      if (first !== lines.length + 1) return `it goes on at ${first} after ${lines.length}`
      await log.seal()
      const { problems } = await log.verify()
      return problems[0] && `after going on: ${problems[0].message}`
    } finally {
      await log.close()
    }
  } catch (error) {
    return `it does not open: ${error instanceof Error ? error.message : String(error)}`
  }
}

function wrongLines(lines: readonly string[], before: SoundLog, acks: readonly Ack[]): string | undefined {
  for (const [n, line] of before.lines.entries())
    if (lines[n] !== line) return `entry ${n + 1} is another one`
  const firsts = new Map<string, number>()
  for (let n = before.lines.length; n < lines.length; ) {
    const { id, of } = JSON.parse(lines[n] ?? '') as { id: string; of: number }
    if (firsts.has(id)) return `${id} is there twice`
    firsts.set(id, n + 1)
    for (let part = 0; part < of; part += 1, n += 1) {
      const found = JSON.parse(lines[n] ?? '{}') as { seq?: number; id?: string; part?: number }
      if (found.seq !== n + 1 || found.id !== id || found.part !== part)
        return `part ${part} of ${id} is missing`
    }
  }
  for (const { id, first } of acks)
    if (firsts.get(id) !== first)
      return `${id} was acknowledged at ${first}, and is ${firsts.has(id) ? 'elsewhere' : 'lost'}`
  return undefined
}
