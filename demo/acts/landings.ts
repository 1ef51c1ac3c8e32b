// What is told while the beads land: the live lines, the conflict and the red gate.

import type { FeedItem } from '../feed.ts'
import { landedIn } from '../repositories.ts'
import { claim, type Slung } from '../stage.ts'
import type { Teller } from '../teller.ts'

/** Facts that are worth a line; the others are in `gt feed`. */
const SHOWN: ReadonlySet<string> = new Set([
  'TownStarted',
  'BeadStarted',
  'AgentReported',
  'SessionEnded',
  'RecoveryGranted',
  'BeadSubmitted',
  'MergeTesting',
  'MergeConflicted',
  'MergeFailed',
  'BeadLanded',
  'BeadBlocked',
  'EscalationRaised',
])

export function lineTeller(teller: Teller): (item: FeedItem) => void {
  const told = new Set<string>()
  return ({ type, summary }) => {
    if (!SHOWN.has(type) || (type === 'TownStarted' && !told.has('BeadStarted'))) return
    if (type === 'MergeConflicted' && !told.has(type))
      teller.act('Two beads changed the same lines; the second is reworked')
    if (type === 'MergeFailed' && !told.has(type))
      teller.act('The tests are red for one bead: the Refinery (merge queue) sends it back')
    told.add(type)
    teller.line(
      summary
        .replace(/ on bead ([\w-]+),/, ', $1,')
        .replace(/ progress: (?:step (\d+) of (\d+): )?/, (_, n, of) =>
          n === undefined ? ' ' : ` ${n}/${of}: `,
        ),
    )
  }
}

export type Landed = {
  /** Bead that had to be rebased, and bead that was red at first. */
  readonly conflicted: string
  readonly red: string
}

type Waited = { readonly id: string; readonly reached: boolean; readonly stage: string }

/** Longest time from here to the last landing. */
const LANDINGS = '45s'

export async function seeLandings(stage: Slung): Promise<Landed> {
  const { gt, teller, beads, feed, works, repository } = stage
  const waited = await gt<Waited[]>('wait', ...beads, '--timeout', LANDINGS)
  claim(
    waited.every(({ reached, stage: at }) => reached && at === 'landed'),
    `All seven beads should have landed: ${waited.map(({ id, stage: at }) => `${id} ${at}`).join(', ')}.`,
  )
  teller.line(`gt wait: all ${waited.length} have landed`)
  const landed = landedIn(repository, beads.length)
  for (const { title } of works) {
    const commit = landed.find((each) => each.title.includes(title))
    claim(
      commit?.author.startsWith(`${repository.rig}/polecats/`) === true,
      `"${title}" should be on ${repository.target} with its polecat as the author.`,
    )
  }
  const conflicted = feed.items.find(({ type }) => type === 'MergeConflicted')?.bead
  const red = feed.items.find(({ type }) => type === 'MergeFailed')?.bead
  claim(conflicted !== undefined, 'One bead should have come into conflict with another.')
  const { attempt } = await gt<{ attempt: number }>('bead', 'show', conflicted)
  claim(attempt === 2, `Bead ${conflicted} should have landed at the second try, not at number ${attempt}.`)
  claim(
    red !== undefined && red === beads[works.findIndex(({ corrections }) => corrections !== undefined)],
    'The tests should have been red for one bead.',
  )
  return { conflicted, red }
}
