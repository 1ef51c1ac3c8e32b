// Making a fork: a town of its own, as another one was at one record.
//
// Owns:      the order: the log, then the repositories, then the first record; and the folder is a town last of all.
// Does not:  open the parent's log (whoever asks hands over its lines), nor change a byte of the parent.
// Crosses:   runs in a process of its own, for minutes perhaps: no daemon is kept from its work meanwhile.
//
//   No log is open while git runs: a child would inherit its descriptors. The rules: SPEC.md beside this file.

import { existsSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { importLines, openLog } from '../../../eventlog/index.ts'
import { machineAt } from '../../actors/index.ts'
import { DESK, OVERSEER, ownerKind, rigOwner } from '../../events/address.ts'
import type { Address } from '../../events/record.ts'
import { apartRemote, bytesOfFiles, bytesOfObjects, forkRig, type RestoredWorktree } from '../../git/forks.ts'
import { RepositoryError } from '../../ports/repositories.ts'
import { openSystem } from '../../system/system.ts'
import { makeTokens } from '../access/tokens.ts'
import { machineClock, machineIds } from '../clock.ts'
import { keptAs, LAYOUT, townFiles, worktreePath } from '../files.ts'
import { type KnownThen, takeOver } from './known.ts'
import { begin, checkApart, checkPlace, checkRoom, end, giveUp, onOneDisk } from './place.ts'
import { forkMessages, type RigThen } from './turn.ts'

/** The town that is forked, and the record after which the fork goes on alone. */
export type ForkSource = {
  readonly dir: string
  readonly townId: string
  readonly name: string
  readonly seq: number
  /** Time of that record, ISO. */
  readonly at: string
  /** Bytes of the lines up to there, about. */
  readonly bytes: number
  /** All lines up to `seq`, in order. */
  lines(): AsyncIterable<readonly string[]>
}

export type Forked = {
  readonly townId: string
  readonly dir: string
  readonly seq: number
  readonly rigs: readonly { readonly rig: string; readonly remote: string | null; readonly why: string }[]
  readonly worktrees: readonly ({ readonly owner: Address } & RestoredWorktree)[]
}

export type Progress = (step: 'log' | 'repositories' | 'town', done: number, of: number) => void

/**
 * @throws {TownError} FOLDER_NOT_EMPTY, FORK_INSIDE, FORK_BUSY, SOCKET_PATH_TOO_LONG, NO_ROOM;
 *   {SystemError} TOWN_NEWER, NOT_MIGRATED
 */
export async function makeFork(
  source: ForkSource,
  wanted: { readonly dir: string; readonly name: string | null },
  onProgress: Progress = () => {},
): Promise<Forked> {
  const dir = resolve(wanted.dir)
  checkPlace(dir, [source.dir])
  await checkRoom(dir, roomForLog(source))
  begin(dir, source.dir, source.seq)
  try {
    return await make(source, { dir, name: wanted.name ?? source.name }, onProgress)
  } catch (error) {
    giveUp(dir)
    throw error
  }
}

/** What is written besides the lines: keys, indexes, files that are merged. */
const roomForLog = ({ bytes }: ForkSource): number => bytes * 2 + 16 * 1024 * 1024

async function make(
  source: ForkSource,
  { dir, name }: { readonly dir: string; readonly name: string },
  onProgress: Progress,
): Promise<Forked> {
  const files = townFiles(dir)
  await mkdir(files.sessions, { recursive: true, mode: 0o700 })
  await mkdir(files.rigs, { mode: 0o700 })
  makeTokens(dir)
  const known = await withNewLog(files.log, source, onProgress)
  const places = placesOf(known)
  checkApart(
    dir,
    places.map(({ source: own }) => own).filter((own) => own !== ''),
  )
  await checkRoom(dir, await roomForRigs(source, dir, places, known))
  const { rigs, worktrees } = await forkRigs(source, dir, places, known, onProgress)
  onProgress('town', 0, 1)
  const townId = machineIds.random(12)
  const parent = {
    townId: source.townId,
    name: source.name,
    dir: source.dir,
    seq: source.seq,
    chain: known.chain,
    at: source.at,
  }
  const log = await openLog(files.log)
  let seq: number
  try {
    const system = await openSystem({
      log,
      from: known.folded,
      clock: machineClock,
      machines: machineAt,
      onRecord: () => {},
      first: (folded) => ({
        id: `forked.${townId}`,
        by: OVERSEER,
        messages: forkMessages({ dir, townId, name, parent, folded, rigs, worktrees }),
      }),
    })
    await system.idle()
    seq = system.seq
    await system.close()
  } finally {
    await log.close()
  }
  const prices = 'prices.json'
  if (existsSync(join(source.dir, prices))) await copyFile(join(source.dir, prices), join(dir, prices))
  const identity = { townId, name, layout: LAYOUT, forkOf: { townId: source.townId, seq: source.seq } }
  await writeFile(files.identity, `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o644, flag: 'wx' })
  end(dir)
  onProgress('town', 1, 1)
  return {
    townId,
    dir,
    seq,
    rigs: [...rigs].map(([rig, { remote, why }]) => ({ rig, remote: remote?.url ?? null, why })),
    worktrees: [...worktrees].map(([owner, restored]) => ({ owner, ...restored })),
  }
}

async function withNewLog(place: string, source: ForkSource, onProgress: Progress): Promise<KnownThen> {
  const known = await takeOver(
    source.lines(),
    (lines) => importLines(place, lines),
    (count) => onProgress('log', count, source.seq),
  )
  if (known.folded.seq !== source.seq)
    throw new Error(`Broken invariant: ${known.folded.seq} of ${source.seq} records were handed over`)
  return known
}

/** A rig that had a clone then, and the worktrees that there were. */
type Place = {
  readonly rig: string
  readonly target: string
  /** The person's own repository, or an empty text. */
  readonly source: string
  readonly head: string | null
  readonly worktrees: readonly { readonly owner: Address; readonly branch: string; readonly name: string }[]
}

/** States in which there is no worktree: not yet, or not any more. */
const WITHOUT: ReadonlySet<string> = new Set([
  'absent',
  'preparing',
  'restoring',
  'removed',
  'kept',
  'failed',
])

function placesOf({ folded, targets }: KnownThen): readonly Place[] {
  return folded.owners.flatMap(([address, { value, context }]): Place[] => {
    if (ownerKind(address) !== 'rig' || (value !== 'active' && value !== 'rejoining')) return []
    const rig = address.slice(rigOwner('').length)
    const worktrees = folded.owners.flatMap(([owner, state]) => {
      const kind = ownerKind(owner)
      const { path, branch, rig: of, shelf = null } = state.context
      const has =
        typeof path === 'string' && path !== '' && !WITHOUT.has(String(state.value)) && shelf === null
      return (kind === 'sandbox' || kind === 'crew') && of === rig && owner !== DESK && has
        ? [{ owner, branch: String(branch), name: keptAs(owner, state.context) }]
        : []
    })
    const { target, source } = context
    return [
      {
        rig,
        target: String(target),
        source: typeof source === 'string' ? source : '',
        head: targets.get(rig) ?? null,
        worktrees,
      },
    ]
  })
}

async function roomForRigs(
  source: ForkSource,
  dir: string,
  places: readonly Place[],
  { worktrees }: KnownThen,
): Promise<number> {
  const shares = onOneDisk(source.dir, dir)
  let bytes = 16 * 1024 * 1024
  for (const { rig, worktrees: own } of places) {
    if (!shares) bytes += 2 * (await bytesOfObjects(source.dir, rig))
    for (const { owner } of own)
      bytes += await bytesOfFiles(
        source.dir,
        rig,
        (worktrees.get(owner) ?? []).map(({ commit }) => commit),
      )
  }
  return bytes
}

async function forkRigs(
  source: ForkSource,
  dir: string,
  places: readonly Place[],
  known: KnownThen,
  onProgress: Progress,
): Promise<{ rigs: Map<string, RigThen>; worktrees: Map<Address, RestoredWorktree> }> {
  const rigs = new Map<string, RigThen>()
  const worktrees = new Map<Address, RestoredWorktree>()
  for (const [n, { rig, target, head, worktrees: own }] of places.entries()) {
    onProgress('repositories', n, places.length)
    try {
      if (head === null)
        throw new RepositoryError('FORK_RIG_LOST', `Nobody had seen ${target} of ${rig} then.`)
      const restored = await forkRig({
        rig,
        parent: source.dir,
        fork: dir,
        target,
        head,
        worktrees: own.map(({ owner, ...one }) => ({
          ...one,
          path: worktreePath(dir, owner),
          known: known.worktrees.get(owner) ?? [],
        })),
      })
      for (const [at, { owner }] of own.entries()) {
        const one = restored[at]
        if (one !== undefined) worktrees.set(owner, one)
      }
      rigs.set(rig, { remote: apartRemote(dir, rig), head, why: '' })
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error
      rigs.set(rig, { remote: null, head: null, why: error.message.slice(0, 1_900) })
    }
  }
  onProgress('repositories', places.length, places.length)
  return { rigs, worktrees }
}
