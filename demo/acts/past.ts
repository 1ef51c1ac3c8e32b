// The past: as it was before the kill, all of it once more, and a damaged copy of it.

import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { GtRefused } from '../gt.ts'
import { atWork, claim, nameOf, type Slung, type Status } from '../stage.ts'
import type { DaemonKilled } from './kills.ts'

export async function lookBack({ gt, teller }: Slung, { before }: DaemonKilled): Promise<void> {
  teller.act('The past: the town as it was before the daemon was killed')
  const then = await gt<Status>('status', '--at', String(before.seq))
  const names = atWork(then).map(({ address, hook }) => `${nameOf(address)} (${hook})`)
  teller.line(`gt status --at ${before.seq}: at work were ${names.join(', ')}`)
  for (const part of ['agents', 'rigs', 'queue', 'mergeQueue', 'work'] as const) {
    claim(
      isDeepStrictEqual(then[part], before[part]),
      `The ${part} of the town at record ${before.seq} should be as they were then.`,
    )
  }
}

export type Replayed = { readonly records: number; readonly modelCalls: number }

export async function replayAll(stage: Slung): Promise<Replayed> {
  const { gt, teller } = stage
  teller.act('Everything once more, from the log alone')
  const report = await gt<{ records: number; durationMs: number; verified: boolean }>('replay', '--verify')
  teller.line(
    `gt replay --verify: ${report.records} records in ${report.durationMs} ms, equal: ${report.verified}`,
  )
  claim(report.verified, 'A replay of the log should give the same state.')
  const { supervision, waitsForYou } = await gt<Status>('status')
  claim(supervision.modelCalls === 0, `Supervision made ${supervision.modelCalls} model calls.`)
  claim(waitsForYou.length === 0, 'Nothing should wait for a person.')
  return { records: report.records, modelCalls: supervision.modelCalls }
}

type Verified = { ok: boolean; records: number; problems: { seq: number; kind: string; message: string }[] }

/** The town must be down: its log is copied. */
export async function flipOneBit({ folder, dir, gt, teller, moments }: Slung): Promise<void> {
  teller.act('One bit is flipped in a copy of the log')
  const copy = join(folder, 'copy')
  cpSync(join(dir, '.gt', 'log'), copy, { recursive: true })
  const file = largestIn(copy)
  const bytes = readFileSync(file)
  // Not one of the zeros with which LevelDB fills up a block: nobody would miss it.
  const from = Math.floor(bytes.length * moments.flipAt)
  const at = bytes.findIndex((byte, n) => n >= from && byte !== 0)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << moments.flipBit)
  writeFileSync(file, bytes)
  teller.line(`bit ${moments.flipBit} of byte ${at} of ${bytes.length} in ${file.slice(copy.length + 1)}`)

  const damaged = await verify(['--dir', copy])
  const [first] = damaged.problems
  claim(!damaged.ok && first !== undefined, 'The flipped bit should have been found.')
  teller.line(`gt log verify: record ${first.seq}: ${first.message}`)
  const whole = await verify([])
  claim(whole.ok, 'The log itself should be whole.')
  teller.line(`the log itself: all ${whole.records} records are as they were written`)

  async function verify(args: readonly string[]): Promise<Verified> {
    try {
      return await gt<Verified>('log', 'verify', ...args)
    } catch (error) {
      // Exit code 1 says that something was found; what it was is on stdout.
      if (!(error instanceof GtRefused) || error.stdout === '') throw error
      return JSON.parse(error.stdout) as Verified
    }
  }
}

function largestIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(log|ldb)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
  const [largest] = files.sort((left, right) => statSync(right).size - statSync(left).size)
  claim(largest !== undefined, 'The log should have a file with records.')
  return largest
}
