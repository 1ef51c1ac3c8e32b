// The three things to look at first: what stands still and holds most back, what was dear for nothing, what is red.

import type { CostItem } from '../../projections/costs.ts'
import { standsStill } from './standing.ts'
import type { LookFirst, NotLanded, Red } from './types.ts'

/** What only a person moves on, as `gt status` lists it. */
export type Waiting = {
  readonly id: string
  readonly what: string
  readonly bead: string | null
  readonly since: string
  readonly next: string
}

const FIRST_MAX = 3

export function lookFirst(parts: {
  readonly notLanded: readonly NotLanded[]
  readonly waits: readonly Waiting[]
  readonly red: readonly Red[]
  /** Dearest first. */
  readonly costs: readonly CostItem[]
  readonly now: string
}): LookFirst[] {
  const standing = stands(parts)
  const open = parts.red.filter(({ until }) => until === null).map(redOne)
  const [longest, ...others] = standing
  const dear = dearest(parts).find(({ about }) => about !== longest?.about)
  const ranked = [longest, dear, open[0], ...others, ...open.slice(1)].filter((one) => one !== undefined)
  const seen = new Set<string>()
  return ranked.filter(({ about }) => !seen.has(about) && seen.add(about)).slice(0, FIRST_MAX)
}

/** Time that it has stood, times all that stands with it. */
function stands({ notLanded, waits, now }: Parameters<typeof lookFirst>[0]): LookFirst[] {
  const weigh = (since: string, blocks: number): number =>
    Math.max(0, Date.parse(now) - Date.parse(since)) * (1 + blocks)
  const byBead = new Map(notLanded.map((row) => [row.bead, row]))
  const asked = new Set(waits.map(({ bead }) => bead))
  const people = waits.map(({ id, bead, what, since, next }) => {
    const blocks = (bead === null ? undefined : byBead.get(bead))?.blocks ?? 0
    return { about: bead ?? id, text: `waits for you${held(blocks)}: ${what}`, more: next, since, blocks }
  })
  const rest = notLanded
    .filter((row) => standsStill(row) && !asked.has(row.bead))
    .map(({ bead, reason, since, blocks, more }) => ({
      about: bead,
      text: blocks === 0 ? reason : `${reason.replace(/[.\s]+$/, '')}${held(blocks)}`,
      more,
      since,
      blocks,
    }))
  return [...people, ...rest]
    .sort((left, right) => weigh(right.since, right.blocks) - weigh(left.since, left.blocks))
    .map(({ about, text, more }) => ({ what: 'stands', about, text, more }))
}

const held = (blocks: number): string =>
  blocks === 0 ? '' : `, and ${blocks} ${blocks === 1 ? 'bead' : 'beads'} behind it`

function dearest({ costs, notLanded }: Parameters<typeof lookFirst>[0]): LookFirst[] {
  const open = new Set(notLanded.map(({ bead }) => bead))
  return costs
    .filter(({ key }) => open.has(key))
    .map(({ key, costUsd, tokens, requests }) => {
      const all = tokens.input + tokens.output + tokens.cacheRead + tokens.cacheWrite
      const spent = costUsd === null ? `${all} tokens, at a price nobody knows,` : `$${costUsd.toFixed(2)}`
      return {
        what: 'dear',
        about: key,
        text: `${spent} in ${requests} requests and has not landed`,
        more: `gt history ${key}`,
      }
    })
}

const redOne = ({ kind, rig, what, message, more }: Red): LookFirst => ({
  what: 'red',
  about: `${rig} ${what}`,
  text: `${kind === 'gate' ? 'is red' : 'stands still'}: ${message}`,
  more,
})
