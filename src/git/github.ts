// What GitHub's API says of a pull request, in our words.
//
// Owns:      the requests for one pull request, and how each answer is read. An answer of another shape is an error,
//            never a yes.
// Does not:  run git (pulls.ts), decide whether it may be merged (the Refinery does).

import { z } from 'zod'
import type { ForgeAt, MergeMethod, PullCheck, PullReview, PullState } from '../ports/forge.ts'
import { RepositoryError } from '../ports/repositories.ts'
import { type Answer, askAll, askForge } from './forge-requests.ts'

const CHECKS_MAX = 300
const REVIEWS_MAX = 100
const SAID_MAX = 2_000
const NAME_MAX = 200

const pull = z.looseObject({
  number: z.number().int().positive(),
  html_url: z.string(),
  state: z.enum(['open', 'closed']),
  draft: z.boolean().optional(),
  merged: z.boolean().optional(),
  merged_at: z.string().nullable().optional(),
  merge_commit_sha: z.string().nullable().optional(),
  mergeable: z.boolean().nullable().optional(),
  mergeable_state: z.string().optional(),
  head: z.looseObject({ ref: z.string(), sha: z.string().nullable() }),
  base: z.looseObject({ ref: z.string() }),
})
type Pull = z.infer<typeof pull>

const run = z.looseObject({
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullable(),
  output: z.looseObject({ title: z.string().nullish(), summary: z.string().nullish() }).nullish(),
})
const status = z.looseObject({ context: z.string(), state: z.string(), description: z.string().nullish() })
const review = z.looseObject({
  user: z.looseObject({ login: z.string() }).nullable(),
  state: z.string(),
  body: z.string().nullish(),
})
const merged = z.looseObject({ sha: z.string(), merged: z.literal(true) })

/** The open pull request from a branch of the repository to `target`; null when there is none. */
export async function findPull(forge: ForgeAt, branch: string, target: string): Promise<Pull | null> {
  const owner = forge.repo.split('/')[0] ?? ''
  const query = new URLSearchParams({ state: 'open', head: `${owner}:${branch}`, base: target })
  const answer = await askForge(forge, { method: 'GET', path: `/pulls?${query}` })
  // A forge that does not know the filter gives all of them.
  return (
    read(z.array(pull), answer).find(({ head, base }) => head.ref === branch && base.ref === target) ?? null
  )
}

type Text = { readonly title: string; readonly body: string }

/** Null when there is one already. */
export async function createPull(
  forge: ForgeAt,
  branch: string,
  target: string,
  said: Text,
): Promise<Pull | null> {
  const asking = { method: 'POST', path: '/pulls', body: { ...said, head: branch, base: target } } as const
  const answer = await askForge(forge, asking, [422])
  if (answer.status !== 422) return read(pull, answer)
  if ((await findPull(forge, branch, target)) !== null) return null
  throw new RepositoryError(
    'FORGE_SAYS_NO',
    `No pull request for ${branch}: ${JSON.stringify(answer.body).slice(0, 400)}`,
  )
}

export async function describePull(forge: ForgeAt, number: number, said: Text): Promise<void> {
  read(pull, await askForge(forge, { method: 'PATCH', path: `/pulls/${number}`, body: said }))
}

export async function getPull(forge: ForgeAt, number: number): Promise<Pull> {
  return read(pull, await askForge(forge, { method: 'GET', path: `/pulls/${number}` }))
}

export async function pullState(forge: ForgeAt, number: number): Promise<PullState> {
  const found = await getPull(forge, number)
  const head = found.head.sha ?? ''
  if (found.state === 'closed' || head === '')
    return {
      state: isMerged(found) ? 'merged' : 'closed',
      draft: false,
      head,
      mergeable: 'unknown',
      checks: [],
      reviews: [],
    }
  const [runs, statuses, reviews] = await Promise.all([
    askAll(forge, `/commits/${head}/check-runs`, (body) => readBody(runsOf, body).check_runs),
    askAll(forge, `/commits/${head}/status`, (body) => readBody(statusesOf, body).statuses),
    askAll(forge, `/pulls/${number}/reviews`),
  ])
  return {
    state: 'open',
    draft: found.draft === true,
    head,
    mergeable: mergeable(found),
    checks: [
      ...readBody(z.array(run), runs).map(checkOf),
      ...readBody(z.array(status), statuses).map(statusOf),
    ].slice(0, CHECKS_MAX),
    reviews: lastWords(readBody(z.array(review), reviews)),
  }
}

const runsOf = z.looseObject({ check_runs: z.array(z.unknown()) })
const statusesOf = z.looseObject({ statuses: z.array(z.unknown()) })

export const isMerged = ({ merged: flag, merged_at: at }: Pull): boolean =>
  flag === true || (at ?? null) !== null

/** Merges if the branch still stands at `commit`. `no`: it says why not. */
export async function mergeOnForge(
  forge: ForgeAt,
  number: number,
  { commit, method, title, message }: { commit: string; method: MergeMethod; title: string; message: string },
): Promise<{ readonly sha: string } | { readonly no: string }> {
  const body = { sha: commit, merge_method: method, commit_title: title, commit_message: message }
  const answer = await askForge(
    forge,
    { method: 'PUT', path: `/pulls/${number}/merge`, body },
    [405, 409, 422],
  )
  if (answer.status === 200) return { sha: read(merged, answer).sha }
  const { message: said } = (answer.body ?? {}) as { message?: unknown }
  return { no: typeof said === 'string' ? said.slice(0, 500) : 'it gave no reason' }
}

// --- reading ------------------------------------------------------------------------------------------------

const read = <T>(shape: z.ZodType<T>, { body }: Answer): T => readBody(shape, body)

function readBody<T>(shape: z.ZodType<T>, body: unknown): T {
  const outcome = shape.safeParse(body)
  if (outcome.success) return outcome.data
  const where = outcome.error.issues[0]?.path.join('.') ?? ''
  throw new RepositoryError(
    'FORGE_ANSWER_UNREADABLE',
    `The forge answered in another shape than its API has (${where}).`,
  )
}

function mergeable({ mergeable: can, mergeable_state: state = 'unknown' }: Pull): PullState['mergeable'] {
  if (can === false || state === 'dirty') return 'conflict'
  if (can === null || can === undefined) return 'unknown'
  // `unstable`: what failed is not required by its rules; ours are stricter, and see it as a check that failed.
  if (/^(clean|unstable|has_hooks)$/.test(state)) return 'yes'
  // A new state of theirs is no yes.
  return state === 'unknown' || state === 'behind' ? state : 'blocked'
}

const WELL: ReadonlySet<string> = new Set(['success', 'neutral', 'skipped'])
const ILL: ReadonlySet<string> = new Set(['failure', 'timed_out', 'error'])

/** What was cancelled, waits for a person or did not start says nothing of the work: it is waited for. */
const verdict = (word: string): PullCheck['state'] =>
  WELL.has(word) ? 'passed' : ILL.has(word) ? 'failed' : 'waiting'

const checkOf = ({ name, status: phase, conclusion, output }: z.infer<typeof run>): PullCheck => ({
  name: name.slice(0, NAME_MAX),
  state: phase === 'completed' ? verdict(conclusion ?? '') : 'waiting',
  said: [conclusion ?? phase, output?.title, output?.summary].filter(Boolean).join('\n').slice(0, SAID_MAX),
})

const statusOf = ({ context, state, description }: z.infer<typeof status>): PullCheck => ({
  name: context.slice(0, NAME_MAX),
  state: verdict(state),
  said: [state, description].filter(Boolean).join('\n').slice(0, SAID_MAX),
})

/** A comment takes nothing back; a review that was dismissed is none. */
function lastWords(all: readonly z.infer<typeof review>[]): PullReview[] {
  const last = new Map<string, PullReview | null>()
  for (const { user, state, body } of all) {
    const by = (user?.login ?? 'somebody').slice(0, NAME_MAX)
    const said = (body ?? '').slice(0, SAID_MAX)
    if (state === 'APPROVED') last.set(by, { by, verdict: 'approved', said })
    else if (state === 'CHANGES_REQUESTED') last.set(by, { by, verdict: 'changes', said })
    else if (state === 'DISMISSED') last.set(by, null)
  }
  return [...last.values()].filter((one) => one !== null).slice(0, REVIEWS_MAX)
}
