// What gt why asks the town, and what it is answered. A line of code is a commit first, and then a bead.

import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { type Connection, part } from '../client/connection.ts'
import { ClientFault } from '../client/fault.ts'
import { type Call, textOf } from './command.ts'
import { UsageError } from './usage.ts'

export type WhyNode = {
  seq: number
  at: string
  actor: string
  by: string
  message: string
  facts: string[]
  summary: string | null
  refused: string | null
  note: string | null
  mail: string[]
  children: WhyNode[]
}

type Wait = { kind: string; id: string; since: string; next: Wait | null }

/** A line of the target, and the commit it is of. */
export type BlamedLine = {
  rig: string
  path: string
  number: number
  branch: string
  text: string
  commit: string
  author: string
  at: string
  subject: string
  /** As its message says, when gt landed that. */
  bead: string | null
}

export type Why = {
  id: string
  kind: 'bead' | 'record' | 'rig' | 'agent' | 'line'
  title?: string | null
  status?: string | null
  stage?: string | null
  description?: string
  cost?: {
    tokens: { input: number; output: number; cacheRead: number; cacheWrite: number }
    costUsd: number | null
    requests: number
  } | null
  tree: WhyNode[]
  folded: number
  chain?: WhyNode[]
  waitingFor: Wait | null
  sentence: string | null
  line?: BlamedLine
}

type Query = { readonly all: true | undefined; readonly at: string | undefined }

export async function readWhy(call: Call, query: Query): Promise<Why> {
  const word = call.words[0] as string
  const [, path, line] = /^(.+):(\d{1,8})$/.exec(word) ?? []
  const town = call.town()
  if (path === undefined || line === undefined) return whyOf(town, word, query)
  return ofLine(town, await blamed(call, town, path, Number(line), query.at), query)
}

const whyOf = (town: Connection, id: string, query: Query): Promise<Why> =>
  town.get<Why>(`/v1/why/${part(id)}`, query)

async function ofLine(town: Connection, line: BlamedLine, query: Query): Promise<Why> {
  try {
    return { ...(await whyOf(town, line.commit, query)), line }
  } catch (error) {
    if (!(error instanceof ClientFault) || error.code !== 'COMMIT_NOT_LANDED') throw error
    if (line.bead !== null) return { ...(await whyOf(town, line.bead, query)), line }
    const sentence = `gt did not land it: "${line.subject}" came to ${line.branch} another way.`
    const nothing = { tree: [], folded: 0, waitingFor: null }
    return { id: `${line.path}:${line.number}`, kind: 'line', ...nothing, sentence, line }
  }
}

type Rig = {
  name: string
  remote: { kind: string; url: string }
  target: { head: string | null }
}

async function blamed(
  call: Call,
  town: Connection,
  path: string,
  number: number,
  at: string | undefined,
): Promise<BlamedLine> {
  const { items } = await town.get<{ items: Rig[] }>('/v1/rigs', { at })
  const full = resolve(call.cwd, path)
  const folder = real(dirname(full))
  const top = topOf(folder)
  const rig = rigOf(items, textOf(call, 'rig'), top)
  const inside = top === null ? path : relative(top, join(folder, basename(full)))
  // With a rig that was named, a path is one of its repository, wherever this folder is.
  const file = textOf(call, 'rig') !== undefined && inside.startsWith('..') ? path : inside
  return town.get<BlamedLine>(`/v1/blame/${part(rig.name)}`, {
    path: file,
    line: number,
    commit: at === undefined ? undefined : (rig.target.head ?? undefined),
  })
}

/** The one that was named, else the one whose worktree or repository this is, else the only one. */
function rigOf(rigs: readonly Rig[], named: string | undefined, top: string | null): Rig {
  if (named !== undefined) {
    const rig = rigs.find(({ name }) => name === named)
    if (rig === undefined) throw new ClientFault('RIG_NOT_FOUND', `There is no rig ${JSON.stringify(named)}.`)
    return rig
  }
  const remotes = top === null ? '' : configOf(top)
  const here = rigs.find(
    ({ name, remote: { url } }) =>
      top !== null &&
      (real(url) === top || remotes.includes(`= ${url}\n`) || top.includes(`${sep}rigs${sep}${name}${sep}`)),
  )
  const [only, another] = rigs
  if (here !== undefined) return here
  if (only !== undefined && another === undefined) return only
  throw new UsageError('of which rig is that path? Say --rig <name>', 'why')
}

/** The top of the repository that a folder is in, or null. */
function topOf(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (dirname(at) === at) return null
  }
}

/** A worktree's own is elsewhere; where it lies says whose it is. */
function configOf(top: string): string {
  try {
    return readFileSync(join(top, '.git', 'config'), 'utf8')
  } catch {
    return ''
  }
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
