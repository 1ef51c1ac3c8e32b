// GitHub's REST API as far as a landing needs it, on this machine: a server on loopback over a real bare repository.
//
// Owns:      pull requests, checks, reviews and protections of one repository; everything else it reads from git.
// Always:    answers have the status, body and headers that the API's reference gives them; commits that it makes when it
//            merges are real ones, made as GitHub makes them (its own committer, the base as first parent).

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type Answer, inTrouble, type Json, limits, said, type Trouble } from './github-answers.ts'
import { bareGit } from './github-git.ts'

type Check = {
  readonly name: string
  readonly status?: 'queued' | 'in_progress' | 'completed'
  readonly conclusion?: string | null
  readonly summary?: string
}
type Review = { readonly login: string; readonly state: string; readonly body?: string }
type Status = { readonly context: string; readonly state: string; readonly description?: string }
type Pull = {
  readonly number: number
  title: string
  body: string | null
  readonly head: string
  base: string
  state: 'open' | 'closed'
  merged: string | null
  draft: boolean
  readonly reviews: Review[]
}

export type FakeGitHub = {
  /** Address of the API. */
  readonly url: string
  readonly repo: string
  readonly token: string
  /** Requests so far, as `METHOD path`. */
  readonly asked: string[]
  readonly pulls: readonly Pull[]
  /** From now on, for requests that match; null ends it. */
  trouble(kind: Trouble | null, match?: RegExp): void
  /** Checks of a commit; a later one of the same name is the one that counts. */
  check(sha: string, ...checks: Check[]): void
  status(sha: string, ...statuses: Status[]): void
  review(number: number, review: Review): void
  close(number: number): void
  /** As a person presses the button. */
  mergeByHand(number: number): string
  protect(rules: {
    readonly checks?: readonly string[]
    readonly approvals?: number
    readonly upToDate?: boolean
  }): void
  allow(methods: readonly string[]): void
  /** Runs right before a merge is carried out. */
  beforeMerge(run: () => void): void
  /** The server goes away. */
  disappear(): Promise<void>
}

const PER_PAGE = 30

/** `repository`: a bare one. */
export async function fakeGitHub(repository: string, repo = 'acme/shop'): Promise<FakeGitHub> {
  const token = 'ghp_test000000000000000000000000000000000'
  const owner = repo.split('/')[0] ?? ''
  const asked: string[] = []
  const pulls: Pull[] = []
  const checks = new Map<string, Check[]>()
  const statuses = new Map<string, Status[]>()
  let trouble: { readonly kind: Trouble; readonly match: RegExp } | null = null
  let rules: Parameters<FakeGitHub['protect']>[0] = {}
  let methods: readonly string[] = ['merge', 'squash', 'rebase']
  let early: () => void = () => undefined
  let used = 0

  const { git, head, mergeTree, commitOf, replayed } = bareGit(repository)

  // --- merging ----------------------------------------------------------------------------------------------

  const merged = (pull: Pull, method: string, title: string, text: string): string | null => {
    const [base, theirs] = [head(pull.base) ?? '', head(pull.head) ?? '']
    const tree = mergeTree(base, theirs)
    if (tree === null) return null
    const message = text === '' ? title : `${title}\n\n${text}`
    const commit =
      method === 'rebase'
        ? replayed(base, theirs)
        : commitOf(tree, method === 'merge' ? [base, theirs] : [base], message, theirs)
    if (commit === null) return null
    git(['update-ref', `refs/heads/${pull.base}`, commit, base])
    pull.merged = commit
    pull.state = 'closed'
    return commit
  }

  // --- what is shown ----------------------------------------------------------------------------------------

  const latest = <T>(all: readonly T[], name: (one: T) => string): T[] => [
    ...new Map(all.map((one) => [name(one), one])).values(),
  ]
  const mergeableState = (pull: Pull): string => {
    const [base, theirs] = [head(pull.base), head(pull.head)]
    if (base === null || theirs === null || pull.state === 'closed') return 'unknown'
    if (pull.draft) return 'draft'
    if (mergeTree(base, theirs) === null) return 'dirty'
    const runs = latest(checks.get(theirs) ?? [], (one) => one.name)
    const passed = (name: string): boolean =>
      runs.some((one) => one.name === name && one.conclusion === 'success') ||
      (statuses.get(theirs) ?? []).some((one) => one.context === name && one.state === 'success')
    const voices = latest(
      pull.reviews.filter(({ state }) => state !== 'COMMENTED'),
      (one) => one.login,
    )
    const approvals = voices.filter(({ state }) => state === 'APPROVED').length
    const isRefused =
      rules.approvals !== undefined && voices.some(({ state }) => state === 'CHANGES_REQUESTED')
    if (isRefused || approvals < (rules.approvals ?? 0) || !(rules.checks ?? []).every(passed))
      return 'blocked'
    if (rules.upToDate === true && git(['merge-base', base, theirs]) !== base) return 'behind'
    return runs.some((one) => one.conclusion !== 'success') ? 'unstable' : 'clean'
  }
  const shown = (pull: Pull): Json => {
    const state = mergeableState(pull)
    const at = (ref: string, sha: string | null) => ({
      label: `${owner}:${ref}`,
      ref,
      sha,
      repo: { full_name: repo },
    })
    return {
      id: 1_000 + pull.number,
      number: pull.number,
      url: `${url}/repos/${repo}/pulls/${pull.number}`,
      html_url: `https://github.test/${repo}/pull/${pull.number}`,
      state: pull.state,
      draft: pull.draft,
      title: pull.title,
      body: pull.body,
      user: { login: 'gt' },
      head: at(pull.head, head(pull.head)),
      base: at(pull.base, head(pull.base)),
      merged: pull.merged !== null,
      merged_at: pull.merged === null ? null : '2026-01-01T00:00:00Z',
      merge_commit_sha: pull.merged,
      mergeable: state === 'unknown' ? null : state !== 'dirty',
      mergeable_state: state,
    }
  }

  // --- answers ----------------------------------------------------------------------------------------------

  const invalid = (...errors: Json[]): Answer =>
    said(422, 'Validation Failed', { errors: errors.map((one) => ({ resource: 'PullRequest', ...one })) })
  const page = (
    query: URLSearchParams,
    path: string,
    all: readonly unknown[],
  ): [unknown[], Record<string, string>] => {
    const size = Math.min(100, Number(query.get('per_page') ?? PER_PAGE))
    const at = Number(query.get('page') ?? 1)
    const last = Math.max(1, Math.ceil(all.length / size))
    const link = (to: number, rel: string): string => {
      const next = new URLSearchParams(query)
      next.set('page', String(to))
      // As the real one does, by the repository's number.
      return `<${url}${path.replace(`/repos/${repo}`, '/repositories/42')}?${next}>; rel="${rel}"`
    }
    const links = [
      ...(at > 1 ? [link(at - 1, 'prev')] : []),
      ...(at < last ? [link(at + 1, 'next'), link(last, 'last')] : []),
    ]
    return [all.slice((at - 1) * size, at * size), links.length === 0 ? {} : { link: links.join(', ') }]
  }

  const createPull = ({ title, head: from = '', base = '', body = null, draft = false }: Json): Answer => {
    const branch = String(from).replace(`${owner}:`, '')
    if (typeof title !== 'string' || title === '') return invalid({ field: 'title', code: 'missing_field' })
    const [theirs, target] = [head(branch), head(String(base))]
    if (theirs === null) return invalid({ field: 'head', code: 'invalid' })
    if (target === null) return invalid({ field: 'base', code: 'invalid' })
    if (pulls.some((one) => one.state === 'open' && one.head === branch && one.base === base))
      return invalid({ code: 'custom', message: `A pull request already exists for ${owner}:${branch}.` })
    if (git(['rev-list', '--count', `${target}..${theirs}`]) === '0')
      return invalid({ code: 'custom', message: `No commits between ${String(base)} and ${branch}` })
    const number = pulls.length + 1
    pulls.push({
      number,
      title,
      body: body as string | null,
      head: branch,
      base: String(base),
      state: 'open',
      merged: null,
      draft: draft === true,
      reviews: [],
    })
    return { status: 201, body: shown(pulls[number - 1] as Pull) }
  }
  const mergePull = (pull: Pull, wanted: Json): Answer => {
    early()
    const { sha, merge_method: method = 'merge', commit_title: title, commit_message: text = '' } = wanted
    if (pull.state === 'closed') return said(405, 'Pull Request is not mergeable')
    if (!methods.includes(String(method)))
      return said(
        405,
        `${method === 'merge' ? 'Merge commits' : `${String(method)} merges`} are not allowed on this repository.`,
      )
    if (sha !== undefined && sha !== head(pull.head))
      return said(409, 'Head branch was modified. Review and try the merge again.')
    if (['blocked', 'behind', 'draft', 'dirty'].includes(mergeableState(pull)))
      return said(405, 'Pull Request is not mergeable')
    const commit = merged(pull, String(method), String(title ?? pull.title), String(text))
    return commit === null
      ? said(405, 'Pull Request is not mergeable')
      : { status: 200, body: { sha: commit, merged: true, message: 'Pull Request successfully merged' } }
  }

  const answer = (method: string, path: string, query: URLSearchParams, body: Json): Answer => {
    const rest = path.startsWith(`/repos/${repo}/`) ? path.slice(`/repos/${repo}`.length) : null
    if (rest === null) return said(404, 'Not Found')
    if (rest === '/pulls' && method === 'GET') {
      const [state, from, base] = [query.get('state') ?? 'open', query.get('head'), query.get('base')]
      const found = pulls.filter(
        (one) =>
          (state === 'all' || one.state === state) &&
          (from === null || from === `${owner}:${one.head}`) &&
          (base === null || base === one.base),
      )
      const [rows, headers] = page(query, path, found.toReversed().map(shown))
      return { status: 200, body: rows, headers }
    }
    if (rest === '/pulls' && method === 'POST') return createPull(body)
    const [, number, what] = /^\/pulls\/(\d+)(\/\w+)?$/.exec(rest) ?? []
    if (number !== undefined) {
      const pull = pulls[Number(number) - 1]
      if (pull === undefined) return said(404, 'Not Found')
      if (what === undefined && method === 'GET') return { status: 200, body: shown(pull) }
      if (what === undefined && method === 'PATCH') {
        Object.assign(
          pull,
          Object.fromEntries(Object.entries(body).filter(([key]) => /^(title|body|state|base)$/.test(key))),
        )
        return { status: 200, body: shown(pull) }
      }
      if (what === '/reviews' && method === 'GET') {
        const all = pull.reviews.map(({ login, state, body: text = '' }, id) => ({
          id,
          user: { login },
          state,
          body: text,
        }))
        const [rows, headers] = page(query, path, all)
        return { status: 200, body: rows, headers }
      }
      if (what === '/merge' && method === 'PUT') return mergePull(pull, body)
      if (what === '/merge' && method === 'GET')
        return pull.merged === null ? said(404, 'Not Found') : { status: 204 }
    }
    const [, sha = '', kind] = /^\/commits\/([^/]+)\/(check-runs|status)$/.exec(rest) ?? []
    if (kind === 'check-runs') {
      const all = latest(checks.get(sha) ?? [], (one) => one.name)
      const [rows, headers] = page(query, path, all)
      const runs = (rows as Check[]).map(
        ({ name, status = 'completed', conclusion = null, summary = '' }, id) => ({
          id,
          name,
          head_sha: sha,
          status,
          conclusion: status === 'completed' ? conclusion : null,
          output: { title: null, summary },
          html_url: `https://github.test/${repo}/runs/${id}`,
        }),
      )
      return { status: 200, body: { total_count: all.length, check_runs: runs }, headers }
    }
    if (kind === 'status') {
      const all = latest(statuses.get(sha) ?? [], (one) => one.context)
      const isRed = all.some(({ state }) => state === 'failure' || state === 'error')
      const isGreen = all.length > 0 && all.every(({ state }) => state === 'success')
      const [rows, headers] = page(query, path, all)
      const state = isRed ? 'failure' : isGreen ? 'success' : 'pending'
      return { status: 200, body: { state, sha, total_count: all.length, statuses: rows }, headers }
    }
    const [, ref] = /^\/git\/refs?\/heads\/(.+)$/.exec(rest) ?? []
    if (ref !== undefined) {
      const id = head(decodeURIComponent(ref))
      if (id === null)
        return said(
          method === 'DELETE' ? 422 : 404,
          method === 'DELETE' ? 'Reference does not exist' : 'Not Found',
        )
      if (method === 'DELETE') {
        git(['update-ref', '-d', `refs/heads/${decodeURIComponent(ref)}`])
        return { status: 204 }
      }
      return { status: 200, body: { ref: `refs/heads/${ref}`, object: { type: 'commit', sha: id } } }
    }
    return said(404, 'Not Found')
  }

  const send = (response: ServerResponse, { status, body, headers = {} }: Answer): void => {
    used += 1
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      ...limits(5_000 - used),
      ...headers,
    })
    response.end(text)
  }
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x')
    const method = request.method ?? 'GET'
    asked.push(`${method} ${pathname}`)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (trouble?.match.test(`${method} ${pathname}`)) {
      const instead = inTrouble(trouble.kind, url, response)
      if (instead !== null) send(response, instead)
      return
    }
    if (request.headers['user-agent'] === undefined)
      return send(
        response,
        said(
          403,
          'Request forbidden by administrative rules. Please make sure your request has a User-Agent header',
        ),
      )
    // What nobody may see is not there.
    if (request.headers.authorization === undefined) return send(response, said(404, 'Not Found'))
    if (request.headers.authorization !== `Bearer ${token}`)
      return send(response, said(401, 'Bad credentials'))
    const text = Buffer.concat(chunks).toString()
    let body: Json = {}
    try {
      body = text === '' ? {} : (JSON.parse(text) as Json)
    } catch {
      return send(response, said(400, 'Problems parsing JSON'))
    }
    send(response, answer(method, pathname, searchParams, body))
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: Error) => send(response, said(500, error.message)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const disappear = async (): Promise<void> => {
    if (!server.listening) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  onTestFinished(disappear)

  const pullOf = (number: number): Pull => {
    const pull = pulls[number - 1]
    if (pull === undefined) throw new Error(`There is no pull request ${number}.`)
    return pull
  }
  const put = <T>(all: Map<string, T[]>, sha: string, more: readonly T[]): void => {
    all.set(sha, [...(all.get(sha) ?? []), ...more])
  }
  return {
    url,
    repo,
    token,
    asked,
    pulls,
    trouble(kind, match = /./) {
      trouble = kind === null ? null : { kind, match }
    },
    check: (sha, ...more) => put(checks, sha, more),
    status: (sha, ...more) => put(statuses, sha, more),
    review: (number, review) => void pullOf(number).reviews.push(review),
    close(number) {
      pullOf(number).state = 'closed'
    },
    mergeByHand: (number) => merged(pullOf(number), 'squash', pullOf(number).title, '') ?? '',
    protect(next) {
      rules = next
    },
    allow(next) {
      methods = next
    },
    beforeMerge(run) {
      early = run
    },
    disappear,
  }
}
