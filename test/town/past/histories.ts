// Histories that the real actors made, and their states folded from the first record on.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { generate } from '../../../bench/corpus/generate.ts'
import { recordOf } from '../../../src/events/upcasters.ts'
import { applyAll, createProjections } from '../../../src/projections/index.ts'
import { textOf } from '../../support/past-properties.ts'

export async function linesOf(seed: number, records: number): Promise<string[]> {
  const lines: string[] = []
  await generate({ records, seed, onLines: (some) => void lines.push(...some) })
  return lines
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
