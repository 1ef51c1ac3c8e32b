// What the conformance suite found out on this machine: which version of which agent program behaves as its preset says.
//
//   Where:   gt/conformance.json in the state folder of the person ($XDG_STATE_HOME, else ~/.local/state): it is about
//            the machine and its programs, not about a town.

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { textOf } from '../text-of.ts'

type Environment = Readonly<Record<string, string | undefined>>

export type Passed = {
  readonly preset: string
  readonly version: string
  /** `linux-x64` */
  readonly platform: string
  /** ISO time. */
  readonly at: string
}

const conformanceFile = (env: Environment): string =>
  join(env.XDG_STATE_HOME || join(env.HOME ?? homedir(), '.local', 'state'), 'gt', 'conformance.json')

const platform = `${process.platform}-${process.arch}`

/** Whether the suite has passed here with that version; with any, when the version is not known. */
export const passedHere = (passed: readonly Passed[], preset: string, version: string | null): boolean =>
  passed.some(
    (one) =>
      one.preset === preset && one.platform === platform && (version === null || one.version === version),
  )

/** What is kept; nothing when there is no file, or none that can be read. */
export function readPassed(env: Environment): readonly Passed[] {
  try {
    const kept: unknown = JSON.parse(textOf(conformanceFile(env)) ?? '[]')
    return Array.isArray(kept) ? kept.filter(isPassed) : []
  } catch {
    return []
  }
}

/** Keeps that the suite has passed; the latest of a preset and a version stands. */
export function keepPassed(env: Environment, preset: string, version: string, at: Date): void {
  const file = conformanceFile(env)
  const others = readPassed(env).filter((one) => one.preset !== preset || one.version !== version)
  const all = [...others, { preset, version, platform, at: at.toISOString() }]
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(all, null, 2)}\n`)
  renameSync(draft, file)
}

function isPassed(value: unknown): value is Passed {
  if (typeof value !== 'object' || value === null) return false
  const { preset, version, platform, at } = value as Partial<Record<keyof Passed, unknown>>
  return [preset, version, platform, at].every((field) => typeof field === 'string')
}
