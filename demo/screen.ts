// The last screen: every claim, and below it the command that checks it.

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DaemonKilled, PolecatKilled } from './acts/kills.ts'
import type { Landed } from './acts/landings.ts'
import type { Replayed } from './acts/past.ts'
import { LAUNCHER } from './gt.ts'
import { nameOf, type Stage } from './stage.ts'

export type Outcome = {
  readonly daemon: DaemonKilled
  readonly polecat: PolecatKilled
  readonly landed: Landed
  readonly replayed: Replayed
}

/** At most 24 lines of at most 80 columns. */
export function lastScreen(stage: Stage, seed: number, outcome: Outcome): string[] {
  const { folder, repository, teller, works } = stage
  const { daemon, polecat, landed, replayed } = outcome
  const gt = shortGt(stage)
  const { remote, target } = repository
  const claims: readonly (readonly [string, string])[] = [
    [
      `${works.length} beads landed through the Refinery; their authors are the polecats`,
      `git -C ${remote} log -${works.length} --format='%an: %s' ${target}`,
    ],
    [
      `bead ${landed.conflicted} was in conflict; rebased by its polecat, landed at the second try`,
      `${gt} history ${landed.conflicted} --all`,
    ],
    [
      `bead ${landed.red} turned the tests red; corrected by its polecat, landed`,
      `${gt} history ${landed.red} --all`,
    ],
    [
      `polecat ${nameOf(polecat.address)} was killed, recovered, and finished bead ${polecat.bead} itself`,
      `${gt} history ${polecat.bead} --all`,
    ],
    [
      `the daemon was killed with 3 polecats at work; back in ${daemon.recoveredMs} ms, nothing lost`,
      `${gt} history town`,
    ],
    ['the town as it was just before that can still be seen', `${gt} status --at ${daemon.before.seq}`],
    [`all ${replayed.records} records were replayed; decisions and state are equal`, `${gt} replay --verify`],
    [`supervision made ${replayed.modelCalls} model calls`, `${gt} status`],
  ]
  return [
    `All of this came true, in ${teller.seconds().toFixed(0)} s (seed ${seed}).`,
    'The agents were small programs, not models.',
    '',
    ...claims.flatMap(([claim, command]) => [`- ${claim}`, `    ${command}`]),
    '',
    'The town is down and stays to be explored; this line removes it:',
    `    rm -rf ${folder}`,
  ]
}

/** A `gt` of this town with a short path: what is printed must fit, and run as it is. */
function shortGt({ folder, dir }: Stage): string {
  const path = join(folder, 'gt')
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  writeFileSync(path, `#!/bin/sh\nGT_TOWN=${quoted(dir)} exec ${quoted(LAUNCHER)} "$@"\n`)
  chmodSync(path, 0o755)
  return path
}
