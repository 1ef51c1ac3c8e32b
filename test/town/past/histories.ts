// Histories that the real actors made, and their states folded from the first record on.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { generate } from '../../../bench/corpus/generate.ts'
import { createMemoryLog, type Entry, type EventLog } from '../../../eventlog/index.ts'
import { recordOf } from '../../../src/events/upcasters.ts'
import { beads, blockedBeads, dependentsOf, readyBeads } from '../../../src/projections/bead-queries.ts'
import { applyAll, canonical, createProjections, type Projections } from '../../../src/projections/index.ts'

export async function linesOf(seed: number, records: number): Promise<string[]> {
  const lines: string[] = []
  await generate({ records, seed, onLines: (some) => void lines.push(...some) })
  return lines
}

export async function logOf(lines: readonly string[]): Promise<EventLog> {
  const log = await createMemoryLog()
  for (let from = 0; from < lines.length; from += 100) await append(log, lines.slice(from, from + 100))
  return log
}

export async function append(log: EventLog, lines: readonly string[]): Promise<void> {
  const entries = lines.map((line) => {
    const { seq: _, ...entry } = JSON.parse(line) as Entry
    return entry
  })
  await log.append(entries, { id: `from ${log.next}` })
}

/** All rows, and what follows from them. */
export function textOf(projections: Projections): string {
  const { rows } = projections.beads
  const idsOf = (all: readonly { readonly id: string }[]): string[] => all.map(({ id }) => id)
  const asked = [
    readyBeads(rows),
    blockedBeads(rows),
    beads(rows, { status: 'open' }),
    beads(rows, { rig: 'shop' }),
  ]
  const needed = beads(rows).map(({ id }) => idsOf(dependentsOf(rows, id)))
  return JSON.stringify([asked.map(idsOf), needed, rows.ready.size, rows.byId.size]) + canonical(projections)
}

/** The text of the state after each record that is asked for. */
export function foldedAt(lines: readonly string[], wanted: (seq: number) => boolean): Map<number, string> {
  const texts = new Map<number, string>()
  const projections = createProjections()
  for (const [n, line] of lines.entries()) {
    applyAll(projections, recordOf(line))
    if (wanted(n + 1)) texts.set(n + 1, textOf(projections))
  }
  return texts
}

export function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'gt-kept-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
