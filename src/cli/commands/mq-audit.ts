// gt mq audit: is everything on the target there with a receipt, and is everything with a receipt still there?

import { part } from '../../client/connection.ts'
import { type Command, textOf } from '../command.ts'
import { clock } from '../layout.ts'
import { safeLine } from '../sanitize.ts'

type Found = { commit: string; author: string | null; at: string | null; title: string | null }
type Audit = {
  rig: string
  branch: string
  ok: boolean
  head: string
  stale: string | null
  since: string
  from: string | null
  rewritten: boolean
  commits: number
  receipts: number
  unreceipted: Found[]
  unreceiptedCount: number
  gone: (Found & { bead: string | null; mergeRequest: string | null; landedAt: string | null })[]
  goneCount: number
}

export const mqAudit: Command = {
  name: 'mq audit',
  summary: 'whether each commit of the target has a receipt, and each receipt its commit; exit 1 when not',
  usage: '[rig]',
  words: [0, 1],
  options: {
    target: {
      type: 'text',
      value: '<branch>',
      help: 'an integration branch, or its epic',
    },
    since: {
      type: 'text',
      value: '<when>',
      help: 'from where the target stood then: a record number, a time, HH:MM, or 15m ago',
    },
  },
  async run(call) {
    const town = call.town()
    const query = {
      since: textOf(call, 'since'),
      target: textOf(call, 'target'),
      at: textOf(call, 'at'),
    }
    const [named] = call.words
    const names =
      named === undefined
        ? (
            await town.get<{ items: { name: string }[] }>('/v1/rigs', { at: query.at, limit: 1_000 })
          ).items.map(({ name }) => name)
        : [named]
    const items: Audit[] = []
    for (const name of names) items.push(await town.get<Audit>(`/v1/rigs/${part(name)}/audit`, query))
    const ok = items.every((one) => one.ok)
    call.out.answer({
      json: named === undefined ? { ok, items } : items[0],
      ids: items.flatMap(({ unreceipted, gone }) => [...unreceipted, ...gone].map(({ commit }) => commit)),
      lines: () => items.flatMap(lines),
    })
    return ok ? 0 : 1
  },
}

function lines(audit: Audit): string[] {
  const { rig, branch, head, stale, since, rewritten, commits, receipts } = audit
  const { unreceipted, unreceiptedCount, gone, goneCount } = audit
  return [
    `${branch} of ${rig} at ${head.slice(0, 12)}: ${many(commits, 'commit')} since ${since.slice(0, 12)}, ${many(receipts, 'receipt')}`,
    ...(stale === null ? [] : [`  ! as it was seen last: ${safeLine(stale)}`]),
    ...(rewritten
      ? [`  ! its history was written anew: it does not have ${since.slice(0, 12)} any more`]
      : []),
    ...(unreceiptedCount === 0
      ? []
      : [`  ${many(unreceiptedCount, 'commit')} without a receipt: not landed by gt`]),
    ...unreceipted.map((one) => `    ${told(one)}`),
    ...more(unreceipted.length, unreceiptedCount),
    ...(goneCount === 0
      ? []
      : [`  ${many(goneCount, 'receipt')} of which the commit is on ${branch} no more`]),
    ...gone.map((one) => `    ${told(one)}${one.bead === null ? '' : `  gt mq receipt ${one.bead}`}`),
    ...more(gone.length, goneCount),
    ...(audit.ok ? ['  each has its receipt, and each receipt its commit'] : []),
  ]
}

const told = ({ commit, author, at, title }: Found): string =>
  [
    commit.slice(0, 12),
    at === null ? 'not in the repository any more' : `${at.slice(0, 10)} ${clock(at)}`,
    safeLine(author ?? ''),
    safeLine(title ?? ''),
  ]
    .filter((cell) => cell !== '')
    .join('  ')

const more = (shown: number, all: number): string[] => (all > shown ? [`    and ${all - shown} more`] : [])
const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
