// JUnit reports of a gate: how many tests ran, and which were red.
//
// Owns:      a strict reader of the few elements that JUnit has: testcase, and failure, error or skipped in it.
// Does not:  know the rest of XML. A gate's reports are written by agents' code: sizes and counts are bounded, there is
//            no entity but the five of XML, a document type ends the reading, no link is followed.

import { type Dirent, promises as fs } from 'node:fs'
import { join, sep } from 'node:path'
import { pathGlobFits } from '../events/globs.ts'
import type { GateResult } from '../ports/repositories.ts'
import { neutralised } from './log-tail.ts'

type Tests = NonNullable<GateResult['tests']>

const FILES_MAX = 200
const FOLDERS_MAX = 5_000
const FILE_BYTES_MAX = 10 * 1024 * 1024
const ALL_BYTES_MAX = 40 * 1024 * 1024
const CASES_MAX = 100_000
/** Red tests that are named; a report of more says so by `complete`. */
const RED_MAX = 100
const NAME_MAX = 300
/** Clocks of file systems are coarser than ours, ms. */
const CLOCK_MS = 50

/**
 * What the reports that fit `pattern` below `folder` say, of those written since `since` (ms of the epoch). null: there
 * is none that can be read.
 */
export async function readReports(folder: string, pattern: string, since: number): Promise<Tests | null> {
  let complete = true
  let bytes = 0
  let some = false
  const cases: Case[] = []
  try {
    const found = await filesFitting(folder, pattern)
    complete = found.complete
    for (const path of found.files) {
      const { size, mtimeMs } = await fs.lstat(path)
      if (mtimeMs < since - CLOCK_MS) continue
      bytes += size
      const text = size > FILE_BYTES_MAX || bytes > ALL_BYTES_MAX ? null : await fs.readFile(path, 'utf8')
      const read = text === null ? null : readJunit(text)
      if (read === null) complete = false
      else {
        some = true
        for (const one of read) cases.push(one)
      }
    }
  } catch {
    complete = false
  }
  if (!some) return null
  const red = [...new Set(cases.filter(({ outcome }) => outcome === 'red').map(({ name }) => name))]
  return {
    ran: cases.filter(({ outcome }) => outcome !== 'skipped').length,
    red: red.slice(0, RED_MAX),
    skipped: cases.filter(({ outcome }) => outcome === 'skipped').length,
    complete: complete && red.length <= RED_MAX,
  }
}

type Case = { readonly name: string; readonly outcome: 'passed' | 'red' | 'skipped' }

/** The tests of one report, or null when it is none that can be read. */
export function readJunit(text: string): Case[] | null {
  const cases: Case[] = []
  const open: string[] = []
  let current: { name: string; outcome: Case['outcome'] } | null = null
  let isReport = false
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at)) {
    const aside = ASIDES.find(([begin]) => text.startsWith(begin, at))
    if (aside !== undefined) {
      const end = text.indexOf(aside[1], at + aside[0].length)
      if (end === -1) return null
      at = end + aside[1].length
      continue
    }
    // A document type may define entities: nobody needs one here.
    if (text.startsWith('<!', at)) return null
    const end = endOfTag(text, at + 1)
    if (end === -1) return null
    const tag = text.slice(at + 1, end)
    at = end + 1
    if (tag.startsWith('/')) {
      if (open.pop() !== tag.slice(1).trim()) return null
      if (tag.startsWith('/testcase') && current !== null) {
        cases.push(current)
        current = null
      }
      continue
    }
    const closed = tag.endsWith('/')
    const [name = ''] = /^[\w.:-]+/.exec(tag) ?? []
    if (name === '' || open.length > 50) return null
    if (name === 'testsuite' || name === 'testsuites') isReport = true
    if (name === 'testcase') {
      if (cases.length >= CASES_MAX || current !== null) return null
      current = { name: nameOf(attributesOf(tag)), outcome: 'passed' }
      if (closed) {
        cases.push(current)
        current = null
      }
    } else if (current !== null && open.at(-1) === 'testcase') {
      if (name === 'failure' || name === 'error') current.outcome = 'red'
      else if (name === 'skipped' && current.outcome === 'passed') current.outcome = 'skipped'
    }
    if (!closed) open.push(name)
  }
  return isReport && open.length === 0 ? cases : null
}

/** What is passed over whole. */
const ASIDES = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const

/** Place of the `>` that ends a tag; one in quotes does not. */
function endOfTag(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const c = text.charAt(at)
    if (c === '>') return at
    if (c === '<') return -1
    if (c === '"' || c === "'") {
      at = text.indexOf(c, at + 1)
      if (at === -1) return -1
    }
  }
  return -1
}

function attributesOf(tag: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name = '', double, single] of tag.matchAll(/([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
    if (!found.has(name)) found.set(name, double ?? single ?? '')
  return found
}

function nameOf(attributes: ReadonlyMap<string, string>): string {
  const name = decoded(attributes.get('name') ?? '')
  const group = decoded(attributes.get('classname') ?? '')
  const whole = group === '' || name.startsWith(group) ? name : `${group} ${name}`
  return neutralised(whole).replaceAll(/\s+/g, ' ').slice(0, NAME_MAX)
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const decoded = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{1,10}));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name] ?? whole
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })

/** Regular files below a folder whose path fits. Only folders that the pattern can reach are looked into. */
async function filesFitting(
  folder: string,
  pattern: string,
): Promise<{ readonly files: string[]; readonly complete: boolean }> {
  const parts = pattern.replace(/^\.\//, '').split('/')
  const files: string[] = []
  let folders = 0
  const look = async (at: readonly string[]): Promise<boolean> => {
    folders += 1
    if (folders > FOLDERS_MAX || files.length > FILES_MAX) return false
    const entries = await fs
      .readdir(join(folder, ...at), { withFileTypes: true })
      .catch((): Dirent<string>[] => [])
    let all = true
    for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
      const path = [...at, entry.name]
      // A link is neither.
      if (entry.isFile() && pathGlobFits(parts.join('/'), path.join('/'))) files.push(join(folder, ...path))
      else if (entry.isDirectory() && mayHold(parts, path) && !(await look(path))) all = false
    }
    return all
  }
  const complete = await look([])
  return { files: files.slice(0, FILES_MAX).map((path) => path.replaceAll(sep, '/')), complete }
}

/** A folder may hold what fits when it fits the beginning of the pattern. */
function mayHold(parts: readonly string[], path: readonly string[]): boolean {
  if (path[0] === '.git' || (path.at(-1) === 'node_modules' && !parts.includes('node_modules'))) return false
  const stars = parts.indexOf('**')
  const fixed = stars === -1 ? parts.slice(0, -1) : parts.slice(0, stars)
  if (stars === -1 && path.length > fixed.length) return false
  const n = Math.min(fixed.length, path.length)
  return n === 0 || pathGlobFits(fixed.slice(0, n).join('/'), path.slice(0, n).join('/'))
}
