// Whether a pull request may be merged, by what its forge says of it.
//
// Always:    only what was said is a yes. What is not known, not there yet or somebody else's is waited for; no is what a
//            check, a reviewer or a person said of this very commit.

import type { PullStateData } from '../../events/pull.ts'

export type Wanted = {
  readonly commit: string
  /** Checks that have to be there. */
  readonly checks: readonly string[]
  readonly approvals: number
}

export type Verdict =
  /** It may be merged, or cannot be told before the Refinery looks at the target. */
  | { readonly kind: 'ready'; readonly said: string }
  | { readonly kind: 'refused'; readonly what: string; readonly said: string }
  | { readonly kind: 'waits'; readonly code: string; readonly message: string }

export function judge(seen: PullStateData, { commit, checks, approvals }: Wanted): Verdict {
  if (seen.state === 'merged') return { kind: 'ready', said: 'it was merged at the forge' }
  if (seen.state === 'closed')
    return { kind: 'refused', what: 'pull request', said: 'It was closed at the forge without being merged.' }
  if (seen.head !== commit)
    return waits('PULL_CHANGED', `its branch stands at ${seen.head.slice(0, 12)}, which was not tested`)
  const red = seen.checks.find(({ state }) => state === 'failed')
  if (red !== undefined) return { kind: 'refused', what: red.name, said: red.said }
  const critic = seen.reviews.find(({ verdict }) => verdict === 'changes')
  if (critic !== undefined)
    return { kind: 'refused', what: `review by ${critic.by}`, said: critic.said || 'Changes are requested.' }
  if (seen.draft) return waits('PULL_DRAFT', 'it was made a draft')
  // The target has moved: what lands is built anew, whatever else is missing.
  if (seen.mergeable === 'conflict' || seen.mergeable === 'behind')
    return { kind: 'ready', said: 'the target has moved' }
  const open = seen.checks.filter(({ state }) => state === 'waiting').map(({ name }) => name)
  const missing = checks.filter((name) => !seen.checks.some((one) => one.name === name))
  if (open.length + missing.length > 0)
    return waits('PULL_CHECKS', `it waits for ${listed([...missing, ...open])}`)
  const yes = seen.reviews.filter(({ verdict }) => verdict === 'approved')
  if (yes.length < approvals) return waits('PULL_REVIEW', `it has ${yes.length} of ${approvals} approvals`)
  if (seen.mergeable === 'blocked')
    return waits('PULL_BLOCKED', 'the rules of the forge do not let it be merged yet')
  if (seen.mergeable === 'unknown')
    return waits('PULL_UNKNOWN', 'the forge does not know yet whether it can be merged')
  return { kind: 'ready', said: saidYes(seen, yes) }
}

const waits = (code: string, message: string): Verdict => ({ kind: 'waits', code, message })

function saidYes({ checks }: PullStateData, approved: PullStateData['reviews']): string {
  const by = approved.length === 0 ? '' : `, approved by ${listed(approved.map((one) => one.by))}`
  return `${checks.length === 0 ? 'no check' : `passed ${listed(checks.map(({ name }) => name))}`}${by}`.slice(
    0,
    2_000,
  )
}

const LISTED_MAX = 8

function listed(names: readonly string[]): string {
  const more = names.length > LISTED_MAX ? ` and ${names.length - LISTED_MAX} more` : ''
  return `${names.slice(0, LISTED_MAX).join(', ')}${more}`
}
