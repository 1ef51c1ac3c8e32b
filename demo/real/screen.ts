// The last screen of the demo with Claude Code: every claim, and below it the command that checks it.

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LAUNCHER } from '../gt.ts'
import type { Repository } from '../repositories.ts'
import { nameOf } from '../stage.ts'
import { REAL_BEADS } from './beads.ts'

export type Cost = {
  readonly tokens: {
    readonly input: number
    readonly output: number
    readonly cacheRead: number
    readonly cacheWrite: number
  }
  readonly costUsd: number | null
  readonly requests: number
  readonly unpriced: number
}

export type RealOutcome = {
  readonly bead: string
  readonly address: string
  readonly records: number
  readonly total: Cost
}

type Played = {
  readonly folder: string
  readonly dir: string
  readonly repository: Repository
  readonly seconds: number
  readonly capUsd: number
}

/** At most 24 lines of at most 80 columns. */
export function realScreen(played: Played, { bead, address, records, total }: RealOutcome): string[] {
  const { folder, dir, repository, seconds, capUsd } = played
  const gt = shortGt(folder, dir)
  const { remote, target } = repository
  const claims: readonly (readonly [string, string])[] = [
    [
      `${REAL_BEADS.length} beads landed through the Refinery; their authors are the polecats`,
      `git -C ${remote} log -p -${REAL_BEADS.length} ${target}`,
    ],
    [
      `polecat ${nameOf(address)} was killed, went on where it was, and finished bead ${bead}`,
      `${gt} history ${bead} --all`,
    ],
    [`${usedText(total)} (of at most ${capUsd} USD)`, `${gt} costs --by bead`],
    [`all ${records} records were replayed; decisions and state are equal`, `${gt} replay --verify`],
  ]
  return [
    `All of this came true, in ${seconds.toFixed(0)} s.`,
    'The agents were your own Claude Code.',
    '',
    ...claims.flatMap(([claim, command]) => [`- ${claim}`, `    ${command}`]),
    '',
    'The town is down and stays to be explored; this line removes it:',
    `    rm -rf ${folder}`,
  ]
}

function usedText({ tokens, costUsd, requests, unpriced }: Cost): string {
  const sum = tokens.input + tokens.output + tokens.cacheRead + tokens.cacheWrite
  const known = costUsd === null ? 'at a price that nobody knows' : `for ${costUsd.toFixed(2)} USD`
  const more = unpriced > 0 && costUsd !== null ? `, and ${unpriced} without a known price` : ''
  return `${sum} tokens in ${requests} requests ${known}${more}`
}

/** A `gt` of this town with a short path: what is printed must fit, and run as it is. */
function shortGt(folder: string, dir: string): string {
  const path = join(folder, 'gt')
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  writeFileSync(path, `#!/bin/sh\nGT_TOWN=${quoted(dir)} exec ${quoted(LAUNCHER)} "$@"\n`)
  chmodSync(path, 0o755)
  return path
}
