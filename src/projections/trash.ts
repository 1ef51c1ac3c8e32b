// What was left behind, and can come back: removed branches, kept worktrees, checkpoints.
//
// Owns:      one row per worktree that has anything kept: of an assignment (sandbox), or of a crew member.
// Does not:  look into repositories: whether a ref is still there is asked when somebody wants it.
// Always:    a row stays for ever; nothing here is deleted.

import { lastPart, rigOf, workerOf } from '../events/address.ts'
import type { Address } from '../events/record.ts'
import { type Handlers, projection } from './store.ts'
import type { Projection } from './types.ts'

/** `checkpoint`: its worktree is in use, or is made. `removed`: worktree and branch are gone. `kept`: the worktree stays. */
export type TrashKind = 'checkpoint' | 'removed' | 'kept'

export type TrashRow = {
  /** `shop.nux.3`: the third assignment of polecat nux of rig shop; `shop.crew.ada.1`: the first worktree of crew ada. */
  id: string
  /** What it is kept as: the address of the assignment, or which worktree of a crew member. */
  sandbox: Address
  agent: Address
  rig: string
  /** Null: a crew member's. */
  bead: string | null
  branch: string
  /** Worktree. Empty before it is made. */
  path: string
  /** Commit of the target that it began at. */
  base: string | null
  /** What was handed in last. */
  head: string | null
  /** Null: nothing is kept yet. */
  kind: TrashKind | null
  landed: boolean
  /** A person took it away, and may bring it back. */
  undo: boolean
  why: string
  at: string
  checkpoint: { ref: string; commit: string; files: number; changed: number | null; at: string } | null
  /** Its refs were taken away: they can be set again to these commits. Null: they are there. */
  gone: { at: string; refs: { ref: string; commit: string }[] } | null
  /** It was old and could not be proved to be in the target. */
  stays: { at: string; why: string } | null
}

export type TrashRows = {
  readonly bySandbox: Map<Address, TrashRow>
  /** Assignments of each bead, in their order. */
  readonly byBead: Map<string, Address[]>
}

export const createTrash = (): Projection<TrashRows> =>
  projection({
    name: 'trash',
    version: 4,
    empty: (): TrashRows => ({ bySandbox: new Map(), byBead: new Map() }),
    handlers,
  })

/** What is kept of one worktree, or null. */
export const trashRow = ({ bySandbox }: TrashRows, sandbox: Address): TrashRow | null =>
  bySandbox.get(sandbox) ?? null

export type TrashFilter = { readonly rig?: string | undefined; readonly bead?: string | undefined }

/** What can come back, newest first. */
export const trash = ({ bySandbox }: TrashRows, filter: TrashFilter = {}): TrashRow[] =>
  [...bySandbox.values()]
    .filter(
      ({ kind, rig, bead, gone }) =>
        kind !== null &&
        gone === null &&
        (filter.rig === undefined || rig === filter.rig) &&
        (filter.bead === undefined || bead === filter.bead),
    )
    .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : a.id < b.id ? -1 : 1))

/** Files that differ from what landed; of work that has not landed, from what it began at. Null: not known. */
export function differing({ landed, checkpoint, kind }: TrashRow): number | null {
  if (checkpoint === null) return landed && kind === 'removed' ? 0 : null
  return landed ? checkpoint.files : checkpoint.changed
}

const handlers: Handlers<TrashRows> = {
  SandboxOpened: ({ bySandbox, byBead }, { sandbox, agent, bead, branch }, { at }) => {
    const id = `${rigOf(sandbox) ?? ''}.${workerOf(sandbox)?.name ?? ''}.${lastPart(sandbox)}`
    const before = byBead.get(bead)
    if (before === undefined) byBead.set(bead, [sandbox])
    else before.push(sandbox)
    bySandbox.set(sandbox, { ...NEW, id, sandbox, agent, rig: rigOf(sandbox) ?? '', bead, branch, at })
    return true
  },
  WorktreeAdded: (rows, { sandbox, path, base }) =>
    edit(rows, sandbox, (row) => {
      row.path = path
      row.base ??= base
    }),
  WorktreeForked: (rows, { sandbox, path, from }) =>
    edit(rows, sandbox, (row) => {
      if (from !== 'nothing') row.path = path
    }),
  WorkSubmitted: (rows, { sandbox, head }) =>
    edit(rows, sandbox, (row) => {
      row.head = head
    }),
  WorktreeCheckpointed: (rows, { sandbox, ref, commit, files, changed, cause }, { at }) =>
    edit(rows, sandbox, (row) => {
      row.checkpoint = { ref, commit, files, changed, at }
      if (row.kind === null || row.kind === 'checkpoint')
        Object.assign(row, { kind: 'checkpoint', at, why: CAUSES[cause] })
    }),
  CrewCheckpointed: ({ bySandbox }, { place, agent, path, branch, base, cause, ...kept }, { at }) => {
    const rig = rigOf(agent) ?? ''
    const id = `${rig}.crew.${lastPart(agent)}.${lastPart(place)}`
    const before = bySandbox.get(place) ?? {
      ...NEW,
      id,
      sandbox: place,
      agent,
      rig,
      bead: null,
      branch,
      path,
      base,
    }
    const { ref, commit, files, changed } = kept
    const checkpoint = { ref, commit, files, changed, at }
    bySandbox.set(place, { ...before, kind: 'checkpoint', at, why: CAUSES[cause], checkpoint })
    return true
  },
  CrewRemoved: (rows, { place, reason }, { at }) =>
    edit(rows, place, (row) =>
      Object.assign(row, { kind: 'removed', at, why: `removed${reason === '' ? '' : `: ${reason}`}` }),
    ),
  BeadLanded: (rows, { bead, agent }) =>
    edit(rows, lastOf(rows, bead, agent), (row) => {
      row.landed = true
    }),
  WorktreeRemoved: (rows, { sandbox }, { at }) =>
    edit(rows, sandbox, (row) => Object.assign(row, { kind: 'removed', at, why: 'its work has landed' })),
  WorktreeKept: (rows, { sandbox, message }, { at }) =>
    edit(rows, sandbox, (row) => Object.assign(row, { kind: 'kept', at, why: message })),
  BeadDeferred: (rows, { bead, reason }, { at }) =>
    edit(rows, lastOf(rows, bead), (row) => {
      if (row.kind === 'checkpoint') Object.assign(row, { kind: 'kept', at, why: reason })
    }),
  SandboxShelved: (rows, { sandbox, reason, worktree, how }, { at }) =>
    edit(rows, sandbox, (row) => {
      const why = `${how}${reason === '' ? '' : `: ${reason}`}`
      Object.assign(row, { kind: worktree ? 'kept' : 'removed', at, undo: true, why })
    }),
  SandboxRestored: (rows, { sandbox }, { at }) =>
    edit(rows, sandbox, (row) =>
      Object.assign(row, { kind: 'checkpoint', at, undo: false, why: 'brought back' }),
    ),
  TrashReaped: (rows, { entries, stays }, { at }) => {
    for (const { sandbox, refs } of entries)
      edit(rows, sandbox, (row) => {
        row.gone = { at, refs: refs.map((each) => ({ ...each })) }
        row.stays = null
      })
    for (const { sandbox, why } of stays)
      edit(rows, sandbox, (row) => {
        row.stays = { at, why }
      })
    return entries.length + stays.length > 0
  },
  // It could not be made again, so it is where it was.
  WorktreeFailed: (rows, { sandbox, message }, { at }) =>
    edit(rows, sandbox, (row) => {
      if (row.kind !== null) Object.assign(row, { kind: 'removed', at, undo: true, why: message })
    }),
}

const NEW = {
  path: '',
  base: null,
  head: null,
  kind: null,
  landed: false,
  undo: false,
  why: '',
  checkpoint: null,
  gone: null,
  stays: null,
}

const CAUSES = { work: 'while it works', stop: 'its session stopped', removal: 'its worktree goes' } as const

const lastOf = ({ bySandbox, byBead }: TrashRows, bead: string, agent?: Address): Address =>
  byBead.get(bead)?.findLast((one) => agent === undefined || bySandbox.get(one)?.agent === agent) ?? ''

function edit({ bySandbox }: TrashRows, sandbox: Address, change: (row: TrashRow) => unknown): boolean {
  const row = bySandbox.get(sandbox)
  if (row === undefined) return false
  change(row)
  return true
}
