// gt trash: what was removed or left behind, and how it comes back.

import { resolve } from 'node:path'
import { part } from '../../client/connection.ts'
import { type Call, type Command, given, textOf } from '../command.ts'
import { clock, since } from '../layout.ts'
import { showList } from '../listing.ts'
import { safeLine } from '../sanitize.ts'

type Entry = {
  id: string
  agent: string
  /** Null: a crew member's. */
  bead: string | null
  branch: string
  path: string
  kind: 'checkpoint' | 'removed' | 'kept'
  landed: boolean
  undo: boolean
  why: string
  at: string
  differing: number | null
}
type Shown = Entry & {
  commit: string
  against: string | null
  files: { path: string; added: number | null; removed: number | null }[]
  changed: number
  checkpoints: { commit: string; at: string }[]
  ignored?: {
    files: { path: string; bytes: number }[]
    count: number
    bytes: number
    leftOut: { count: number; bytes: number; paths: string[] }
  } | null
}

const KINDS = { checkpoint: 'in use', removed: 'removed', kept: 'left behind' } as const

export const trashList: Command = {
  name: 'trash list',
  summary: 'what was removed or left behind, and can come back',
  usage: '',
  words: [0, 0],
  options: {
    rig: { type: 'text', value: '<name>', help: 'of this rig (project) only' },
    bead: { type: 'text', value: '<bead>', help: 'of this bead (unit of work) only' },
  },
  async run(call) {
    const query = given({ rig: textOf(call, 'rig'), bead: textOf(call, 'bead'), at: textOf(call, 'at') })
    const { items } = await call.town().get<{ items: Entry[] }>('/v1/trash', { ...query, limit: 1_000 })
    const now = new Date().toISOString()
    showList(call, items, {
      id: ({ id }) => id,
      none: 'Nothing was left behind.',
      head: ['ID', 'BEAD', 'STATE', 'AGO', 'FILES', ''],
      row: (one) => [
        one.id,
        one.bead ?? '',
        `${KINDS[one.kind]}${one.landed ? ', landed' : ''}`,
        since(one.at, now),
        one.differing === null ? '?' : String(one.differing),
        safeLine(one.why),
      ],
    })
  },
}

export const trashShow: Command = {
  name: 'trash show',
  summary: 'what is in one of them, file by file',
  usage: '<id>',
  words: [1, 1],
  async run(call) {
    const found = await call.town().get<Shown>(`/v1/trash/${part(call.words[0] as string)}`, {
      at: textOf(call, 'at'),
    })
    const { id, agent, bead, branch, kind, landed, path, files, changed, checkpoints, why } = found
    call.out.answer({
      json: found,
      ids: files.map((file) => file.path),
      lines: () => [
        `${id}  ${bead ?? 'worktree'} of ${agent}, ${KINDS[kind]}${landed ? ', landed' : ''}: ${safeLine(why)}`,
        `  branch ${branch}${kind === 'removed' ? '' : `, worktree ${path}`}`,
        `  ${changed} file${changed === 1 ? '' : 's'} differ from what ${landed ? 'landed' : 'it began at'}`,
        ...files.map(
          (file) =>
            `    ${safeLine(file.path)}  ${file.added === null ? 'binary' : `+${file.added} -${file.removed ?? 0}`}`,
        ),
        ...(changed > files.length ? [`    and ${changed - files.length} more`] : []),
        ...ignoredLines(found),
        ...(checkpoints.length < 2
          ? []
          : ['  checkpoints', ...checkpoints.map((one) => `    ${clock(one.at)}  ${one.commit}`)]),
        `  gt trash restore ${id}, or with --to <folder>`,
      ],
    })
  },
}

export const trashRestore: Command = {
  name: 'trash restore',
  summary: 'makes a branch or a folder of one of them; overwrites nothing',
  usage: '<id or session>',
  where: 'person',
  words: [1, 1],
  options: {
    to: { type: 'text', value: '<folder>', help: 'a new folder outside of the town' },
    branch: { type: 'text', value: '<name>', help: 'a new branch; restored/<id> by itself' },
    commit: { type: 'text', value: '<commit>', help: 'one of the checkpoints that gt trash show lists' },
  },
  async run(call) {
    const folder = textOf(call, 'to')
    const body = given({
      entry: call.words[0],
      folder: folder === undefined ? undefined : resolve(call.cwd, folder),
      branch: textOf(call, 'branch'),
      commit: textOf(call, 'commit'),
    })
    type Made = {
      kind: 'branch' | 'folder'
      name?: string
      path?: string
      repository: string
      commit: string
      files: number
      ignored?: number
    }
    const [id] = call.words
    if (id?.includes('/sessions/') === true) return recall(call, id)
    const made = await call.town().command<Made>('trash.restore', body)
    call.out.answer({
      json: made,
      ids: [made.path ?? made.name ?? ''],
      lines: () =>
        made.kind === 'folder'
          ? [
              `${made.files} files are in ${made.path}${made.ignored ? `, and ${many(made.ignored)} that git ignores` : ''}.`,
            ]
          : [
              ...(made.ignored
                ? [
                    `${many(made.ignored)} that git ignores can be in no branch: gt trash restore ${id} --to <folder>`,
                  ]
                : []),
              `Branch ${made.name} is at ${made.commit.slice(0, 12)} in ${made.repository}.`,
              `Get it into a repository of yours: git fetch ${made.repository} ${made.name}:${made.name}`,
            ],
    })
  },
}

async function recall(call: Call, session: string): Promise<undefined> {
  const found = await call.town().command<{ session: string }>('trash.recall', { session })
  call.out.answer({
    json: found,
    ids: [session],
    lines: () => [`The recording of ${session} is back: gt play ${session}`],
  })
  return undefined
}

const many = (n: number): string => `${n} file${n === 1 ? '' : 's'}`

function ignoredLines({ ignored }: Shown): string[] {
  if (ignored == null) return []
  const { files, count, leftOut } = ignored
  return [
    ...(count === 0 ? [] : [`  ${many(count)} that git ignores: in a folder alone, in no branch`]),
    ...files.map(({ path, bytes }) => `    ${safeLine(path)}  ${bytes} bytes`),
    ...(count > files.length ? [`    and ${count - files.length} more`] : []),
    ...(leftOut.count === 0
      ? []
      : [`  not kept: ${many(leftOut.count)}: ${leftOut.paths.map(safeLine).join(', ')}`]),
  ]
}
