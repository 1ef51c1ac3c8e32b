// A checkpoint: everything folded up to one record, so that a start need not fold it again.
//
// Owns:      what is in it, and saying whether it is of this log and of this build.
// Does not:  read more than it must: owners and rows stay text until somebody asks for them (row-map.ts), and what did not
//            change is not written again.
// Always:    a cache. Deleting it, or finding it damaged, old or of another build, costs one fold of the log (P1).

import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { EventLog } from '../../../eventlog/index.ts'
import { MACHINES } from '../../actors/index.ts'
import { type Address, RECORD_VERSION } from '../../events/record.ts'
import { createProjections, type Projections } from '../../projections/index.ts'
import { RowMap } from '../../projections/row-map.ts'
import type { Projection } from '../../projections/types.ts'
import type { SavedLedger } from '../../system/ledger.ts'
import { machineName } from '../../system/owners.ts'
import type { OwnerState, SystemStart, SystemState } from '../../system/types.ts'
import { readStored, type Stored, type StoredPart, writeStored } from './files.ts'
import { ChunkList, decodeText, encodeText, PackedPart, type RowText } from './packed.ts'

/** Records folded at a start above which the start writes a checkpoint. Below, folding is quicker than writing. */
export const WORTH_RECORDS = 2_048

const OWNERS = 'owners'
const LEDGER = 'ledger'
const LIVING = 'living'
/** By what rows are counted, mostly at the first look at a town. */
const MARKED: Readonly<Record<string, string>> = { 'beads.byId': 'stage', 'merge-queue': 'state' }

type Log = Pick<EventLog, 'logId' | 'get'>

/** Answers the bytes that were written; 0, with nothing written, when the log has no such record. */
export async function writeCheckpoint(
  dir: string,
  town: { readonly log: Log; readonly system: SystemState; readonly projections: Projections },
): Promise<number> {
  // All at once: nothing is folded in between.
  const { seq, at } = town.system
  const stored = stateParts(town.system, town.projections)
  const digest = await digestAt(town.log, seq)
  if (digest === null) return 0
  return writeStored(dir, { of: belongsTo(town.log), seq, at, digest, ...stored })
}

/**
 * Loads the projections and answers with where the system goes on; null, with nothing loaded, when it is of no use.
 * `onOlder` hears up to which record the town had come, when that is more than its log has now.
 */
export async function readCheckpoint(
  dir: string,
  log: Log & Pick<EventLog, 'head'>,
  projections: Projections,
  onOlder: (seq: number) => void = () => {},
): Promise<SystemStart | null> {
  const stored = readStored(dir)
  if (stored?.of.startsWith(`${log.logId} `) && stored.seq > log.head.seq) onOlder(stored.seq)
  if (stored !== null && stored.of === belongsTo(log) && stored.digest === (await digestAt(log, stored.seq)))
    return load(stored, projections)
  rmSync(dir, { recursive: true, force: true })
  return null
}

// --- what is in it ----------------------------------------------------------------------------------------------

function stateParts(system: SystemState, projections: Projections): Pick<Stored, 'parts' | 'revisions'> {
  const parts: StoredPart[] = [
    rowsPart(OWNERS, system.owners),
    valuePart(LEDGER, system.ledger),
    valuePart(LIVING, stillLiving(system)),
  ]
  const revisions: Record<string, number> = {}
  for (const one of Object.values(projections) as Projection<unknown>[]) {
    const { rows, revision } = one
    revisions[one.name] = revision
    if (rows instanceof Map) parts.push(part(one.name, rows))
    else
      for (const [field, value] of Object.entries(rows as object))
        parts.push(part(`${one.name}.${field}`, value))
  }
  return { parts, revisions }
}

function load({ seq, at, parts, revisions }: Stored, projections: Projections): SystemStart {
  const byName = new Map(parts.map((one) => [one.name, one]))
  const take = (name: string): unknown => {
    const found = byName.get(name)
    if (found === undefined) throw new Error(`Broken invariant: a checkpoint of this build has no ${name}`)
    return loadPart(found)
  }
  for (const one of Object.values(projections) as Projection<unknown>[]) {
    const { rows } = one
    const loaded =
      rows instanceof Map
        ? take(one.name)
        : Object.fromEntries(
            Object.keys(rows as object).map((field) => [field, take(`${one.name}.${field}`)]),
          )
    one.adopt(loaded, revisions[one.name] ?? 0)
  }
  return {
    seq,
    at,
    owners: take(OWNERS) as Map<Address, OwnerState>,
    living: take(LIVING) as SystemStart['living'] & object,
    ledger: take(LEDGER) as SavedLedger,
  }
}

function part(name: string, value: unknown): StoredPart {
  if (value instanceof Set) return { ...valuePart(name, [...value]), kind: 'set' }
  if (!(value instanceof Map)) return valuePart(name, value)
  const [first] = value instanceof RowMap ? [] : value.values()
  if (!(first instanceof Set)) return rowsPart(name, value as ReadonlyMap<string, unknown>)
  const sets = [...(value as ReadonlyMap<string, Set<string>>)].map(([key, set]) => [key, [...set]])
  return { ...valuePart(name, sets), kind: 'sets' }
}

function loadPart({ name, kind, chunks }: StoredPart): unknown {
  if (kind === 'rows')
    return chunks.length === 0 ? new Map() : new RowMap(new PackedPart(chunks, MARKED[name] ?? null))
  const value: unknown = JSON.parse(chunks.map(({ bytes }) => decodeText(bytes)).join(''))
  if (kind === 'set') return new Set(value as string[])
  if (kind === 'sets')
    return new Map((value as [string, string[]][]).map(([key, members]) => [key, new Set(members)]))
  return value
}

function valuePart(name: string, value: unknown): StoredPart {
  const text = JSON.stringify(value)
  return { name, kind: 'value', chunks: [{ rows: 0, chars: text.length, bytes: encodeText(text) }] }
}

function rowsPart(name: string, rows: ReadonlyMap<string, unknown>): StoredPart {
  const list = new ChunkList(MARKED[name] ?? null)
  if (rows instanceof RowMap && rows.packed instanceof PackedPart) {
    if (!addChanged(list, rows, rows.packed)) return { name, kind: 'rows', chunks: rows.packed.chunks }
  } else for (const [key, value] of rows) list.add([key, JSON.stringify(value)])
  return { name, kind: 'rows', chunks: list.end() }
}

/** The rows as they are now; chunks in which nothing changed go in whole. False when nothing changed at all. */
function addChanged(list: ChunkList, rows: RowMap<unknown>, packed: PackedPart): boolean {
  const { loaded, gone, fresh } = rows.changes()
  /** By chunk: the text of each row that is another one now; null for one that is no more. */
  const changed = new Map<number, Map<string, string | null>>()
  const note = (key: string, text: string | null): void => {
    const place = packed.find(key)
    if (place === null || text === packed.text(place.chunk, place.n)) return
    const inChunk = changed.get(place.chunk) ?? new Map<string, string | null>()
    changed.set(place.chunk, inChunk.set(key, text))
  }
  for (const [key, value] of loaded) note(key, JSON.stringify(value))
  for (const key of gone) note(key, null)
  if (changed.size === 0 && fresh.length === 0) return false
  for (const [n, chunk] of packed.chunks.entries()) {
    const inChunk = changed.get(n)
    if (inChunk === undefined) {
      const grows = n === packed.chunks.length - 1 && fresh.length > 0
      list.take(chunk, () => packed.rowsOf(n), grows)
    } else
      for (const [key, text] of packed.rowsOf(n)) {
        const now = inChunk.get(key)
        if (now !== null) list.add([key, now ?? text] satisfies RowText)
      }
  }
  for (const [key, value] of fresh) list.add([key, JSON.stringify(value)])
  return true
}

// --- whose it is ------------------------------------------------------------------------------------------------

/** States and rows have the shape that this build's machines, records and projections give them. */
const belongsTo = (log: Pick<EventLog, 'logId'>): string => `${log.logId} ${BUILD}`

const BUILD = [
  RECORD_VERSION,
  ...Object.values(MACHINES).map(({ name, version }) => `${name}@${version}`),
  ...Object.values(createProjections()).map(({ name, version }) => `${name}@${version}`),
].join(' ')

async function digestAt(log: Pick<EventLog, 'get'>, seq: number): Promise<string | null> {
  const stored = await log.get(seq)
  // As it is whoever reads it: a line, or what is made of it again.
  const line = stored === undefined ? null : JSON.stringify(JSON.parse(stored.line))
  return line === null ? null : createHash('sha256').update(line).digest('hex')
}

/** States that nobody leaves, by the name of the machine. Their names stay what they are. */
const FINAL: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.values(MACHINES).map(({ name, machine }) => [
    name,
    new Set(
      Object.entries(machine.states)
        .filter(([, { type }]) => type === 'final')
        .map(([state]) => state),
    ),
  ]),
)

function stillLiving({ owners, living }: SystemState): Record<string, Address[]> {
  const found: Record<string, Address[]> = {}
  for (const address of living) {
    const state = owners.get(address)
    if (state === undefined) continue
    const machine = machineName(state)
    if (typeof state.value === 'string' && FINAL.get(machine)?.has(state.value)) continue
    found[machine] ??= []
    found[machine].push(address)
  }
  return found
}
