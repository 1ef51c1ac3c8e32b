// Takes away what is old: recordings of sessions that are over, and what is kept of work that has landed.
//
// Owns:      .gt/reaped, where recordings wait until they cannot be brought back any more.
// Does not:  decide when (the kennel does), or prove that work has landed (src/git/reaping.ts does, as it goes).
// Always:    what is known to be over goes, and nothing that is merely not known: candidates are taken from records,
//            never from what lies in a folder. Done twice it says the same once more, so that no record is missing.

import { lstat, mkdir, readdir, rename, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { KENNEL } from '../../events/address.ts'
import { KEEP_MS_DEFAULT, KEEP_UNDO_MS_DEFAULT } from '../../events/dog-settings.ts'
import { REAPED_MAX } from '../../events/dogs.ts'
import type { MessageOf } from '../../events/index.ts'
import type { Address } from '../../events/record.ts'
import type { SessionRow } from '../../projections/sessions.ts'
import { landedTrash } from '../../projections/trash-age.ts'
import { sessionFiles, slug, townFiles } from '../files.ts'
import { rigView } from '../settings.ts'
import type { Carrier, CarryOut } from './carrier.ts'
import { failure } from './repositories.ts'

type Cleaned = Omit<MessageOf<'chore.cleaned'>, 'type'>
type Town = Pick<Carrier, 'dir' | 'system' | 'projections' | 'terminals'>
type Ages = { readonly recordings: number; readonly trash: number; readonly undo: number }

/** Between two looks at least, ms: what is old by then goes together. */
const BATCH_MS = 24 * 3_600_000
/** Until the next look when there was more than one chore takes, ms. */
const MORE_MS = 3_600_000

export const cleanUp: CarryOut<'chore.clean'> = async ({ what, olderThanMs }, { id }, town) => {
  const ages = agesOf(town)
  try {
    const now = Date.now()
    const trash = await reapTrash(town, id, { what, before: now - (olderThanMs ?? ages.trash) }, now)
    if (what === 'trash') return { type: 'chore.cleaned', ...NOTHING, trash: trash.found }
    const recordings = await reapRecordings(town, ages, now)
    const more = trash.more || recordings.more
    const { found } = recordings
    return {
      type: 'chore.cleaned',
      ...found,
      trash: trash.found,
      nextMs: more
        ? MORE_MS
        : await nextLook(town, ages, { now, taken: found.recordings.sessions, trash: trash.taken }),
    }
  } catch (error) {
    return { type: 'chore.notDone', ...failure(error) }
  }
}

const NOTHING: Cleaned = {
  recordings: { sessions: [], bytes: 0, until: null },
  gone: { count: 0, bytes: 0 },
  trash: [],
  nextMs: null,
}

function agesOf({ system }: Pick<Carrier, 'system'>): Ages {
  const settings = (system.owner(KENNEL)?.context.settings ?? {}) as { readonly [key: string]: unknown }
  const of = (key: string, otherwise: number) => {
    const value = settings[key]
    return typeof value === 'number' ? value : otherwise
  }
  return {
    recordings: of('keep.recordings', KEEP_MS_DEFAULT),
    trash: of('keep.trash', KEEP_MS_DEFAULT),
    undo: of('keep.undo', KEEP_UNDO_MS_DEFAULT),
  }
}

// --- work that has landed -------------------------------------------------------------------------------------------

async function reapTrash(
  town: Carrier,
  id: string,
  { what, before }: { readonly what: 'all' | 'trash'; readonly before: number },
  now: number,
): Promise<{ found: Cleaned['trash']; taken: ReadonlySet<Address>; more: boolean }> {
  const old = landedTrash(town.projections).filter(({ since }) => since < before && since <= now)
  const chosen = old.slice(0, REAPED_MAX)
  const rigs = [...new Set([...town.projections.rigs.rows.values()].map(({ name }) => name))]
  const found: Cleaned['trash'] = []
  for (const rig of rigs) {
    if (!isReady(town, rig)) continue
    const entries = chosen.filter((one) => one.rig === rig)
    if (entries.length === 0 && what === 'trash') continue
    const { reaped, stays, notes } = await town.repositoriesFor(`${id} ${rig}`).reapKept({
      rig,
      target: rigView(town.system, rig).target,
      entries: entries.map(({ sandbox, branch, head, landed }) => ({
        name: slug(sandbox),
        branch,
        head,
        landed,
      })),
      ignored: what === 'trash',
      notesBefore: what === 'trash' ? null : before,
      dryRun: false,
    })
    const sandboxOf = new Map(entries.map(({ sandbox }) => [slug(sandbox), sandbox]))
    found.push({
      rig,
      entries: reaped.map(({ name, refs }) => ({
        sandbox: sandboxOf.get(name) ?? name,
        refs: refs.map((ref) => ({ ...ref })),
      })),
      bytes: reaped.reduce((all, { bytes }) => all + bytes, 0),
      stays: stays.map(({ name, why }) => ({ sandbox: sandboxOf.get(name) ?? name, why: why.slice(0, 500) })),
      notes,
    })
  }
  return { found, taken: new Set(chosen.map(({ sandbox }) => sandbox)), more: old.length > chosen.length }
}

const isReady = ({ projections }: Town, rig: string): boolean =>
  projections.rigs.rows.get(rig)?.state === 'active'

// --- recordings -----------------------------------------------------------------------------------------------------

async function reapRecordings(
  town: Town,
  ages: Ages,
  now: number,
): Promise<{ found: Pick<Cleaned, 'recordings' | 'gone'>; more: boolean }> {
  const gone = await forgetReaped(town.dir, now - ages.undo, now)
  const alive = new Set(
    (await town.terminals.list()).filter(({ ending }) => ending === null).map(({ id }) => id),
  )
  const old = agedSessions(town).filter(
    ({ row, since }) => since < now - ages.recordings && !alive.has(row.session),
  )
  const sessions: Address[] = []
  let bytes = 0
  for (const { row } of old.slice(0, REAPED_MAX)) {
    bytes += await putAside(town.dir, row.session, now)
    sessions.push(row.session)
  }
  const until = sessions.length === 0 ? null : new Date(now + ages.undo).toISOString()
  return {
    found: { recordings: { sessions, bytes, until }, gone },
    more: old.length > sessions.length,
  }
}

/** Sessions that are over and whose recording is there as far as records say, with the time since when it ages. */
function agedSessions({ projections }: Pick<Carrier, 'projections'>): { row: SessionRow; since: number }[] {
  const found: { row: SessionRow; since: number }[] = []
  for (const row of projections.sessions.rows.bySession.values()) {
    if (row.state !== 'ended' || row.endedAt === null || row.reaped !== null) continue
    if (isInHand(projections, row.bead)) continue
    found.push({ row, since: Date.parse(row.keptFrom ?? row.endedAt) })
  }
  return found
}

/** Work that goes on: whoever looks at it may want to see how it went so far. */
function isInHand({ beads }: Carrier['projections'], bead: string | null): boolean {
  const row = bead === null ? undefined : beads.rows.byId.get(bead)
  return row !== undefined && row.status !== 'closed'
}

/** Gives its bytes; 0 when it went before. */
async function putAside(dir: string, session: Address, now: number): Promise<number> {
  const { own } = sessionFiles(dir, session)
  const to = reapedFolder(dir, session)
  const bytes = await bytesBelow(own)
  await mkdir(townFiles(dir).reaped, { recursive: true, mode: 0o700 })
  await rename(own, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  const at = new Date(now)
  await utimes(to, at, at).catch(() => undefined)
  return bytes
}

/** Puts a recording back where it was. False when it is not there any more. */
export async function takeBack(dir: string, session: Address): Promise<boolean> {
  return await rename(reapedFolder(dir, session), sessionFiles(dir, session).own).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}

const reapedFolder = (dir: string, session: Address): string => join(townFiles(dir).reaped, slug(session))

async function forgetReaped(dir: string, before: number, now: number): Promise<Cleaned['gone']> {
  const { reaped } = townFiles(dir)
  let [count, bytes] = [0, 0]
  for (const name of await readdir(reaped).catch((): string[] => [])) {
    const { mtimeMs } = await lstat(join(reaped, name))
    if (mtimeMs >= before || mtimeMs > now) continue
    bytes += await bytesBelow(join(reaped, name))
    count += 1
    await rm(join(reaped, name), { recursive: true, force: true })
  }
  return { count, bytes }
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries)
    if (entry.isFile())
      bytes += (await lstat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size
  return bytes
}

// --- the next look --------------------------------------------------------------------------------------------------

async function nextLook(
  town: Town,
  ages: Ages,
  {
    now,
    taken,
    trash,
  }: { readonly now: number; readonly taken: readonly Address[]; readonly trash: ReadonlySet<Address> },
): Promise<number | null> {
  const went = new Set(taken)
  const due = [
    ...agedSessions(town).flatMap(({ row, since }) => (went.has(row.session) ? [] : since + ages.recordings)),
    // What stays now is looked at again when it has aged as long once more.
    ...landedTrash(town.projections).map(
      ({ sandbox, since }) => (trash.has(sandbox) ? now : since) + ages.trash,
    ),
    ...(await reapedTimes(town.dir)).map((at) => at + ages.undo),
  ]
  if (due.length === 0) return null
  return Math.max(BATCH_MS, Math.min(...due) - now)
}

async function reapedTimes(dir: string): Promise<number[]> {
  const { reaped } = townFiles(dir)
  const names = await readdir(reaped).catch((): string[] => [])
  return await Promise.all(names.map(async (name) => (await lstat(join(reaped, name))).mtimeMs))
}
